package provider

import "testing"

const (
	functionToken = "aws:lambda/function:Function"
	queueToken    = "aws:sqs/queue:Queue"
)

// What a service refuses for its form is refused in the preview, with the same
// words.
func TestMessagingRefusals(t *testing.T) {
	testRefusals(t, []refusal{
		{token: functionToken, property: "environment.variables", value: map[string]any{"AWS_REGION": "x"}, words: "AWS_REGION"},
		{token: queueToken, property: "redrivePolicy", value: `{"deadLetterTargetArn":"a","maxReceiveCount":0}`, words: "from 1 to 1000"},
	})
}
