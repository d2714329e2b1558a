// Command archive-sum is the Lambda function that the queue of sums invokes: it stores each
// sum in a table once.
package main

import (
	"context"
	"log"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

func main() {
	h, err := newHandler(context.Background(), lambdacontext.NewLogger())
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(h.handle)
}
