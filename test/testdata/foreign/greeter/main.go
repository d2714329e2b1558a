// Command greeter is the Lambda function of the Pulumi program in the parent
// folder.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func(_ context.Context, who string) (map[string]string, error) {
		fmt.Println("greeting", who)
		return map[string]string{
			"greeting":    os.Getenv("GREETING") + ", " + who,
			"environment": strings.Join(os.Environ(), "\n"),
		}, nil
	})
}
