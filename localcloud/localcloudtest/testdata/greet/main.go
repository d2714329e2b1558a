// Greet is a function that greets whoever sends a request to its URL.
package main

import (
	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func(r events.LambdaFunctionURLRequest) (events.LambdaFunctionURLResponse, error) {
		return events.LambdaFunctionURLResponse{StatusCode: 200, Body: "hello, " + r.RequestContext.AccountID + " at " + r.RawPath}, nil
	})
}
