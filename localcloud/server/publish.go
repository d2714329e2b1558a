package server

import (
	"context"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/sns"
)

// publish sends what became of asynchronous invocations to topics. Lambda is
// made before SNS, to which it delivers, and takes up its queue at once: the
// first message waits until SNS is ready.
func (s *Server) publish(ready <-chan struct{}) lambda.Publish {
	return func(ctx context.Context, caller cloud.Caller, topicARN string, m cloud.QueueMessage) error {
		select {
		case <-ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		message := sns.Message{Body: m.Body, Attributes: map[string]sns.Attribute{}}
		for name, a := range m.Attributes {
			message.Attributes[name] = sns.Attribute(a)
		}
		_, err := s.sns.Publish(ctx, caller, topicARN, message)
		return err
	}
}
