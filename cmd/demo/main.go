// Command demo shows that a deployed stack adds: it sends 3 and 4 over HTTP and
// over SNS, and waits for 7 both ways. It uses the outputs of the stack alone, so
// it works on the local cloud and on AWS alike.
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

// numbers is the body of the request and of the message.
const numbers = `{"num1":3,"num2":4}`

// patience bounds the wait for a log line: CloudWatch may take a while.
const patience = time.Minute

// outputs are the stack's.
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
	answer, err := post(ctx, out.APIURL+"add")
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "  %s\n\nOver SNS:\n  publish %s to %s\n", answer, numbers, topic.Resource)
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
	fmt.Fprintf(w, "  make logs%[1]s, make preview%[1]s, make down%[1]s\n", flagFor(stack))
	return nil
}

// flagFor returns the argument of make for the stack; local is its default.
func flagFor(stack string) string {
	if stack == "local" {
		return ""
	}
	return " STACK=" + stack
}

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
	answer := fmt.Sprintf("%s %s", resp.Status, bytes.TrimSpace(body))
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		return answer + ": as configured, this API requires credentials", nil
	}
	if !isSeven(body) {
		return "", fmt.Errorf("%s answered %s, without a sum of 7", url, answer)
	}
	return answer, nil
}

// publish sends the numbers and returns the line in which the function logs
// their sum.
func publish(ctx context.Context, cfg aws.Config, out outputs) (string, error) {
	sent, err := sns.NewFromConfig(cfg).Publish(ctx, &sns.PublishInput{TopicArn: &out.NumbersTopicARN, Message: aws.String(numbers)})
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	line, err := logLine(ctx, cloudwatchlogs.NewFromConfig(cfg), out.HandleMessageLogGroup, *sent.MessageId)
	if errors.Is(err, context.DeadlineExceeded) {
		return "", fmt.Errorf("no sum for message %s in log group %s within %v", *sent.MessageId, out.HandleMessageLogGroup, patience)
	}
	return line, err
}

// logLine polls until the log group has a sum for a message: CloudWatch offers
// nothing to wait on.
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

// isSeven reports whether raw is a JSON object with the right sum.
func isSeven(raw []byte) bool {
	var result struct{ Sum json.Number }
	return json.Unmarshal(raw, &result) == nil && result.Sum == "7"
}
