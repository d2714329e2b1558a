package policy

import "errors"

const (
	queue       = "aws:sqs/queue:Queue"
	queuePolicy = "aws:sqs/queuePolicy:QueuePolicy"
	redrive     = "aws:sqs/redrivePolicy:RedrivePolicy"
)

var sqsRules = []Rule{
	{
		Controls: []string{"SQS.1", "CKV_AWS_27"}, Title: "queues are encrypted at rest",
		Types: []string{queue}, Property: "sqsManagedSseEnabled, kmsMasterKeyId",
		Check: func(r Resource, _ Graph) error {
			if r.has("sqsManagedSseEnabled") || r.has("kmsMasterKeyId") {
				return nil
			}
			return errors.New("is not encrypted")
		},
	},
	{
		Controls: []string{"CKV2_AWS_73"}, Title: "queues are not encrypted with alias/aws/sqs, which other services cannot use",
		Types: []string{queue}, Property: "kmsMasterKeyId",
		Check: func(r Resource, _ Graph) error {
			if r.input("kmsMasterKeyId") == "alias/aws/sqs" {
				return errors.New("is encrypted with alias/aws/sqs: SNS cannot send to it")
			}
			return nil
		},
	},
	{
		Controls: []string{"SQS.3", "CKV_AWS_168", "CKV_AWS_387"}, Title: "queues allow no anonymous access",
		Types: []string{queue, queuePolicy}, Property: "policy",
		Check: eachAllow("policy", notPublic),
	},
	{
		Controls: []string{"CKV_AWS_72"}, Title: "no queue policy allows every action",
		Types: []string{queue, queuePolicy}, Property: "policy",
		Check: eachAllow("policy", notEveryAction),
	},
}
