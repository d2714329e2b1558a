package sns

import (
	"cmp"
	"context"

	"tally/localcloud/cloud"
)

// step begins the step of an attempt to deliver to the subscription, or to its dead-letter
// queue if that is not "".
func (d Delivery) step(queue string, attempt int) (context.Context, *cloud.OpenStep) {
	name := "delivery to " + d.Subscription.Protocol
	if queue != "" {
		name = "delivery to the dead-letter queue"
	}
	return cloud.BeginStep(context.Background(), cloud.Step{
		Trace: cmp.Or(cloud.TraceField(d.TraceHeader, "Root"), d.Trace), Kind: cloud.StepDelivery, Name: name, Request: d.MessageID,
		From: d.Subscription.TopicARN, To: cmp.Or(queue, d.Subscription.Endpoint), Attempt: attempt,
	})
}

// describe returns what completes the step with the response of the endpoint.
func (d Delivery) describe(response string, err error) func(*cloud.Step) {
	return func(s *cloud.Step) {
		s.Input, s.Output = cloud.StepText(d.Body), cloud.StepText(response)
		s.Fail(err)
	}
}
