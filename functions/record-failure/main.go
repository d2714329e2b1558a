// Command record-failure is the Lambda function that reads the queue of messages that
// handle-message could not process: it records in the table "sums" that they failed, and
// sends them on, unchanged, to the queue from which people run them again.
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
