// Command handle-message is the Lambda function subscribed to the topic
// "numbers", directly or through a queue: it adds the two integers in each message,
// records the sum in the table "sums" and publishes it.
package main

import (
	"context"
	"log"

	"github.com/aws/aws-lambda-go/lambda"

	"tally/internal/logging"
	"tally/internal/metrics"
)

func main() {
	h, err := newHandler(context.Background(), logging.Setup(), metrics.FromEnv())
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(h.handle)
}
