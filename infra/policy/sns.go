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
		Controls: []string{"SNS.2"}, Title: "failed deliveries are logged",
		Types: []string{topic}, Property: "lambdaFailureFeedbackRoleArn, and those of other protocols",
		Check: logsFailures,
	},
	{
		Controls: []string{"SNS.4", "CKV_AWS_169"}, Title: "a topic allows no anonymous access",
		Types: []string{topic, topicPolicy}, Property: "policy",
		Check: allowed("policy", notPublic),
	},
	{
		Controls: []string{"CKV_AWS_385"}, Title: "a topic allows no access from other accounts",
		Types: []string{topic, topicPolicy}, Property: "policy",
		Check: allowed("policy", ownAccountOnly),
	},
	{
		Controls: []string{"TALLY.2"}, Title: "topics and queues refuse requests without TLS",
		Types: []string{topic, queue}, Property: "policy, or that of its TopicPolicy or QueuePolicy",
		Check: overTLS,
	},
	{
		Controls: []string{"TALLY.3"}, Title: "messages that cannot be delivered are kept",
		Types: []string{topicSubscription}, Property: "redrivePolicy",
		Check: func(r Resource, all Graph) error {
			// SNS has no dead-letter queue for these protocols.
			if slices.Contains([]any{"email", "email-json", "sms"}, r.input("protocol")) {
				return nil
			}
			return need("redrivePolicy")(r, all)
		},
	},
}

// logsFailures requires the role of every protocol that the topic's component
// subscribes with, if SNS logs deliveries by that protocol.
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
	return errors.New("does not log failed deliveries")
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
	return errors.New("no policy denies requests for which aws:SecureTransport is false")
}
