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
		Check: require("kmsMasterKeyId"),
	},
	{
		Controls: []string{"SNS.2"}, Title: "failed deliveries are logged",
		Types: []string{topic}, Property: "lambdaFailureFeedbackRoleArn and its counterparts for other protocols",
		Check: logsFailures,
	},
	{
		Controls: []string{"SNS.4", "CKV_AWS_169"}, Title: "topics allow no anonymous access",
		Types: []string{topic, topicPolicy}, Property: "policy",
		Check: eachAllow("policy", notPublic),
	},
	{
		Controls: []string{"CKV_AWS_385"}, Title: "topics allow no access from other accounts",
		Types: []string{topic, topicPolicy}, Property: "policy",
		Check: eachAllow("policy", ownAccountOnly),
	},
	{
		Controls: []string{"TALLY.2"}, Title: "topics and queues deny requests without TLS",
		Types: []string{topic, queue}, Property: "policy, or the policy of a TopicPolicy or QueuePolicy",
		Check: requiresTLS,
	},
	{
		Controls: []string{"TALLY.3"}, Title: "undeliverable messages are stored",
		Types: []string{topicSubscription}, Property: "redrivePolicy",
		Check: func(r Resource, all Graph) error {
			// These protocols notify people: a notification is of no use once
			// it is late.
			if slices.Contains([]any{"email", "email-json", "sms"}, r.input("protocol")) {
				return nil
			}
			return require("redrivePolicy")(r, all)
		},
	},
}

// logsFailures returns an error if the topic has no failure feedback role for
// the protocol of one of its component's subscriptions, or none at all. SNS has
// such a role only for some protocols, and not for email.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html
func logsFailures(r Resource, all Graph) error {
	roles := map[any]string{"lambda": "lambdaFailureFeedbackRoleArn", "sqs": "sqsFailureFeedbackRoleArn",
		"http": "httpFailureFeedbackRoleArn", "https": "httpFailureFeedbackRoleArn"}
	for _, s := range all.siblings(r, topicSubscription) {
		if role := roles[s.input("protocol")]; role != "" && !r.has(role) {
			return fmt.Errorf("has no %s, although the subscription %s uses %s", role, s.Name, s.input("protocol"))
		}
	}
	for _, role := range roles {
		if r.has(role) {
			return nil
		}
	}
	return errors.New("does not log failed deliveries")
}

// requiresTLS returns an error if neither the resource nor a policy resource of
// its component denies requests without TLS.
func requiresTLS(r Resource, all Graph) error {
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
	return errors.New("has no policy that denies requests if aws:SecureTransport is false")
}
