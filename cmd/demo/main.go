// Command demo proves that a deployed stack works: it sends 3 and 4 through the
// front door, over HTTP and over SNS, and waits for the sums. It depends only on the
// stack's outputs, so it works with the local cloud and with AWS. It exits with the
// status 1 unless all sums are 7.
//
// The AWS credentials are those of the SDK's default chain. They need
// execute-api:Invoke if the API requires AWS credentials, sns:Publish on the topic,
// and logs:FilterLogEvents on the function's log group. If the API requires tokens,
// the environment variable TALLY_TOKEN holds one.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"

	stacks "tally/internal/stack"
)

// numbers is the body of the HTTP request and of the SNS message.
const numbers = `{"num1":3,"num2":4}`

// outputs are the outputs of the stack that demo uses.
type outputs struct {
	APIURL                string `json:"apiUrl"`
	APIAuth               string `json:"apiAuth"` // "none", "iam" or "jwt"
	NumbersTopicARN       string `json:"numbersTopicArn"`
	HandleMessageFunction string `json:"handleMessageFunction"`
	HandleMessageLogGroup string `json:"handleMessageLogGroup"`
}

func main() {
	stack := flag.String("s", "local", "the `stack` to show")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *stack, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stack string, w io.Writer) error {
	out, err := stackOutputs(ctx, stack)
	if err != nil {
		return err
	}
	topic, err := arn.Parse(out.NumbersTopicARN)
	if err != nil {
		return fmt.Errorf("output numbersTopicArn: %w", err)
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(topic.Region))
	if err != nil {
		return err
	}
	caller := caller{auth: out.APIAuth, cfg: cfg, token: os.Getenv(tokenVariable)}
	fmt.Fprintf(w, "\nOver HTTP%s:\n  POST %sadd %s\n", caller.how(), out.APIURL, numbers)
	response, err := caller.add(ctx, out.APIURL)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "  %s\n\nOver HTTP, with the sum later:\n  POST %ssums %s\n", response, out.APIURL, numbers)
	location, response, err := caller.submit(ctx, out.APIURL)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "  %s\n  GET %s\n", response, location)
	response, err = caller.await(ctx, location)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "  %s\n\nOver SNS:\n  publish %s to %s\n", response, numbers, topic.Resource)
	line, err := publish(ctx, cfg, out)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "  %s logs: %s\n", out.HandleMessageFunction, line)
	suggest(w, stack, out, caller)
	return nil
}

// suggest prints what to try next.
func suggest(w io.Writer, stack string, out outputs, caller caller) {
	fmt.Fprintf(w, "\nNext:\n")
	if stacks.IsLocal(stack) {
		fmt.Fprintln(w, `  eval "$(./bin/localcloud env)"   this shell uses the local cloud from now on`)
	}
	fmt.Fprintf(w, "  curl %s'%sadd?num1=3&num2=4'\n", caller.curl(), out.APIURL)
	fmt.Fprintf(w, "  curl -i %s'%ssums' --json '%s'\n", caller.curl(), out.APIURL, numbers)
	fmt.Fprintf(w, "  aws sns publish --topic-arn %s --message '{\"num1\":\"3\",\"num2\":\"4\"}'\n", out.NumbersTopicARN)
	fmt.Fprintf(w, "  make logs%[1]s, make preview%[1]s, make down%[1]s\n", makeArgument(stack))
}

// makeArgument returns the argument that selects the stack in make, with a
// leading space, or "" for the default, local.
func makeArgument(stack string) string {
	if stack == stacks.Local {
		return ""
	}
	return " STACK=" + stack
}

// stackOutputs returns the outputs of a deployed stack.
func stackOutputs(ctx context.Context, name string) (out outputs, err error) {
	if err := stacks.Outputs(ctx, name, &out); err != nil {
		return out, err
	}
	if out.APIURL == "" || out.APIAuth == "" || out.HandleMessageLogGroup == "" {
		return out, fmt.Errorf("stack %s has not been deployed from this version of the program", name)
	}
	return out, nil
}

// isSeven reports whether raw is a JSON object with a sum of 7.
func isSeven(raw []byte) bool {
	var result struct{ Sum json.RawMessage } // json.Number would accept a string
	return json.Unmarshal(raw, &result) == nil && string(result.Sum) == "7"
}
