// Command submit-numbers is the Lambda function behind POST /sums of the HTTP API: it
// accepts two integers, and publishes them to the topic "numbers" to be added later.
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
