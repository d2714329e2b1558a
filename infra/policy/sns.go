package policy

import (
	"errors"
	"fmt"
	"slices"
)

const (
	topic             = "aws:sns/topic:Topic"
	topicPolicy       = "aws:sns/topicPolicy:TopicPolicy"
	topicSubscription = "aws:sns/topicSubscription:TopicSubscription"
)

var snsRules = []Rule{
	{
		Controls: []string{"SNS.1", "CKV_AWS_26"}, Title: "topics are encrypted at rest",
		Types: []string{topic}, Property: "kmsMasterKeyId",
		Check: need("kmsMasterKeyId"),
	},
	{
		Controls: []string{"SNS.2"}, Title: "deliveries that fail are logged",
		Types: []string{topic}, Property: "lambdaFailureFeedbackRoleArn, and those of other protocols",
		Check: logsFailures,
	},
	{
		Controls: []string{"SNS.4", "CKV_AWS_169"}, Title: "nobody unnamed may use a topic",
		Types: []string{topic, topicPolicy}, Property: "policy",
		Check: allowed("policy", notPublic),
	},
	{
		Controls: []string{"CKV_AWS_385"}, Title: "no other account may use a topic",
		Types: []string{topic, topicPolicy}, Property: "policy",
		Check: allowed("policy", ownAccountOnly),
	},
	{
		Controls: []string{"TALLY.2"}, Title: "topics and queues refuse what does not come over TLS",
		Types: []string{topic, queue}, Property: "policy, or that of its TopicPolicy or QueuePolicy",
		Check: overTLS,
	},
	{
		Controls: []string{"TALLY.3"}, Title: "a message that cannot be delivered is kept",
		Types: []string{topicSubscription}, Property: "redrivePolicy",
		Check: func(r Resource, all Graph) error {
			// SNS gives up on an address after a while by design, and has no
			// dead-letter queue for it.
			if slices.Contains([]any{"email", "email-json", "sms"}, r.input("protocol")) {
				return nil
			}
			return need("redrivePolicy")(r, all)
		},
	},
}

// logsFailures asks for the role of every protocol that the topic's component
// subscribes with, where SNS logs deliveries of that protocol.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html
func logsFailures(r Resource, all Graph) error {
	roles := map[any]string{"lambda": "lambdaFailureFeedbackRoleArn", "sqs": "sqsFailureFeedbackRoleArn",
		"http": "httpFailureFeedbackRoleArn", "https": "httpFailureFeedbackRoleArn"}
	for _, s := range all.siblings(r, topicSubscription) {
		if role := roles[s.input("protocol")]; role != "" && !r.has(role) {
			return fmt.Errorf("has no %s, though %s is subscribed by %s", role, s.Name, s.input("protocol"))
		}
	}
	for _, role := range roles {
		if r.has(role) {
			return nil
		}
	}
	return errors.New("logs no delivery that fails")
}

func overTLS(r Resource, all Graph) error {
	holders := append(all.siblings(r, topicPolicy), all.siblings(r, queuePolicy)...)
	for _, holder := range append(holders, r) {
		if holder.Inputs["policy"] == Unknown {
			return nil
		}
		statements, err := holder.statements("policy")
		if err != nil {
			return err
		}
		if deniesPlainHTTP(statements) {
			return nil
		}
	}
	return errors.New("no policy denies it where aws:SecureTransport is false")
}
