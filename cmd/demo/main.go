// Command demo shows that a deployed stack works: it sends 3 and 4 over HTTP
// and over SNS and waits for the sum. It depends only on the stack's outputs,
// so it works with the local cloud and with AWS.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// numbers is the body of the HTTP request and of the SNS message.
const numbers = `{"num1":3,"num2":4}`

// logTimeout is how long to wait for a log line. CloudWatch delivers lines with
// a delay.
const logTimeout = time.Minute

// outputs are the outputs of the stack that demo uses.
type outputs struct {
	APIURL                string `json:"apiUrl"`
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
	fmt.Fprintf(w, "\nOver HTTP:\n  POST %sadd %s\n", out.APIURL, numbers)
	response, err := post(ctx, out.APIURL+"add")
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "  %s\n\nOver SNS:\n  publish %s to %s\n", response, numbers, topic.Resource)
	line, err := publish(ctx, cfg, out)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "  %s logs: %s\n", out.HandleMessageFunction, line)
	fmt.Fprintf(w, "\nNext:\n")
	if stack == "local" {
		fmt.Fprintln(w, `  eval "$(./bin/localcloud env)"   this shell uses the local cloud from now on`)
	}
	fmt.Fprintf(w, "  curl '%sadd?num1=3&num2=4'\n", out.APIURL)
	fmt.Fprintf(w, "  aws sns publish --topic-arn %s --message '{\"num1\":\"3\",\"num2\":\"4\"}'\n", out.NumbersTopicARN)
	fmt.Fprintf(w, "  make logs%[1]s, make preview%[1]s, make down%[1]s\n", makeArgument(stack))
	return nil
}

// makeArgument returns the argument that selects the stack in make, with a
// leading space, or "" for the default, local.
func makeArgument(stack string) string {
	if stack == "local" {
		return ""
	}
	return " STACK=" + stack
}

// stackOutputs returns the outputs of a deployed stack.
func stackOutputs(ctx context.Context, stack string) (out outputs, err error) {
	cmd := exec.CommandContext(ctx, "pulumi", "stack", "output", "--json", "--stack", stack)
	cmd.Stderr = os.Stderr
	raw, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("pulumi stack output: %w", err)
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return out, fmt.Errorf("outputs of stack %s: %w", stack, err)
	}
	if out.APIURL == "" || out.HandleMessageLogGroup == "" {
		return out, fmt.Errorf("stack %s has not been deployed", stack)
	}
	return out, nil
}

// post sends the numbers to url and returns the status and the body of the
// response. It returns an error if the body has no sum of 7, unless the API
// requires credentials.
func post(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(numbers))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	response := fmt.Sprintf("%s %s", resp.Status, bytes.TrimSpace(body))
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		return response + ": as configured, this API requires credentials", nil
	}
	if !isSeven(body) {
		return "", fmt.Errorf("POST %s returned %s, want a sum of 7", url, response)
	}
	return response, nil
}

// publish publishes the numbers and returns the log line with their sum.
func publish(ctx context.Context, cfg aws.Config, out outputs) (string, error) {
	sent, err := sns.NewFromConfig(cfg).Publish(ctx, &sns.PublishInput{TopicArn: &out.NumbersTopicARN, Message: aws.String(numbers)})
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, logTimeout)
	defer cancel()
	line, err := logLine(ctx, cloudwatchlogs.NewFromConfig(cfg), out.HandleMessageLogGroup, *sent.MessageId)
	if errors.Is(err, context.DeadlineExceeded) {
		return "", fmt.Errorf("no sum for message %s in log group %s within %v", *sent.MessageId, out.HandleMessageLogGroup, logTimeout)
	}
	return line, err
}

// logLine polls the log group until it contains the sum for a message, and
// returns that line. CloudWatch Logs has no operation that waits for an event
// by pattern.
func logLine(ctx context.Context, client *cloudwatchlogs.Client, group, messageID string) (string, error) {
	poll := time.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	for {
		found, err := client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{
			LogGroupName:  &group,
			FilterPattern: aws.String(`"` + messageID + `"`),
		})
		if err != nil {
			return "", err
		}
		for _, e := range found.Events {
			if isSeven([]byte(*e.Message)) {
				return strings.TrimSpace(*e.Message), nil
			}
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// isSeven reports whether raw is a JSON object with a sum of 7.
func isSeven(raw []byte) bool {
	var result struct{ Sum json.Number }
	return json.Unmarshal(raw, &result) == nil && result.Sum == "7"
}
