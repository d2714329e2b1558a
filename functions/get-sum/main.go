// Command get-sum is the Lambda function behind GET /sums/{id} of the HTTP API: it returns
// the status of a sum and, once it is done, its result.
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
