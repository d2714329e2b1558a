// Command add-numbers is the Lambda function behind POST /add and GET /add of
// the HTTP API: it returns the sum of two integers of up to 4300 digits.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"tally/internal/logging"
	"tally/internal/metrics"
)

func main() {
	lambda.Start(handler{logging.Setup(), metrics.FromEnv()}.handle)
}
