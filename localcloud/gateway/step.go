package gateway

import (
	"slices"

	"tally/localcloud/cloud"
)

// watched are the operations that are steps even if a client outside of a function uses
// them: those that move something. Others, such as those that tools poll with, would only
// hide them.
var watched = []string{
	"Publish", "PublishBatch", "SendMessage", "SendMessageBatch", "Invoke",
	"PutItem", "UpdateItem", "DeleteItem", "GetItem", "Query", "Scan",
	"BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems",
}

// open are the services whose requests and responses steps contain. Those of others may be
// secrets, and so may the environments of functions, which Lambda's other operations contain.
var open = []string{"sns", "sqs", "dynamodb"}

// record records the request as a step, with the response to it.
func (c *call) record(res response, err error) {
	source := c.caller.SourceFunction
	if source == (cloud.ARN{}) && !slices.Contains(watched, c.operation) {
		return
	}
	c.step.End(c.journal, func(s *cloud.Step) {
		s.Name, s.Request = c.service.scope+":"+c.operation, c.id
		if source != (cloud.ARN{}) {
			s.From = source.String()
		}
		if slices.Contains(open, c.service.scope) || c.operation == "Invoke" {
			s.Input, s.Output = cloud.StepText(c.body), cloud.StepText(res.body)
		}
		s.Fail(err)
	})
}
