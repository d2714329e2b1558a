// Command witness is the code of all functions of the stack. What it does depends on
// the function's name.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

func main() {
	switch os.Getenv("SERVICE") {
	case "front":
		c, err := config.LoadDefaultConfig(context.Background())
		if err != nil {
			log.Fatal(err)
		}
		lambda.Start(publish(sns.NewFromConfig(c), os.Getenv("TOPIC")))
	case "see":
		lambda.Start(see)
	default:
		lambda.Start(func() error { return errors.New("it fails on purpose") })
	}
}

// publish handles the requests of the API: it publishes the body, and returns once that
// is acknowledged.
func publish(client *sns.Client, topic string) any {
	return func(ctx context.Context, request struct{ Body string }) (string, error) {
		_, err := client.Publish(ctx, &sns.PublishInput{TopicArn: &topic, Message: &request.Body})
		return "published", err
	}
}

// see reports the event to the witness, and succeeds once the witness has confirmed it.
func see(event json.RawMessage) error {
	response, err := http.Post(os.Getenv("WITNESS"), "application/json", bytes.NewReader(event))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the witness responded %s", response.Status)
	}
	return nil
}
