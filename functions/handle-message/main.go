// Command handle-message is the Lambda function behind the topic "numbers": it
// adds the two integers of every message and publishes the sum.
package main

import (
	"context"
	"log"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"tally/internal/metrics"
)

func main() {
	h, err := newHandler(context.Background(), os.Getenv("SUMS_TOPIC_ARN"), os.Stderr, metrics.OfFunction())
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(h.handle)
}
