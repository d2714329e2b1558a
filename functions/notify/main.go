// Command notify is the Lambda function subscribed to the topic "sums" that sends each sum
// to a URL of another system, signed with a secret that both share.
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
