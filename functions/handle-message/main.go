// Command handle-message is the Lambda function subscribed to the topic
// "numbers": it adds the two integers in each message and publishes the sum.
package main

import (
	"context"
	"log"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"tally/internal/logging"
	"tally/internal/metrics"
)

func main() {
	h, err := newHandler(context.Background(), os.Getenv("SUMS_TOPIC_ARN"), logging.Setup(), metrics.FromEnv())
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(h.handle)
}
