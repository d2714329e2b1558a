// Command add-numbers is the Lambda function behind POST /add and GET /add of
// the HTTP API: it adds two integers of any size and answers at once.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"tally/internal/metrics"
)

func main() {
	lambda.Start(handler{metrics.OfFunction()}.handle)
}
