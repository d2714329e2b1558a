package provider

import (
	"cmp"
	"context"

	"tally/localcloud/provider/schema"
	"tally/localcloud/sqs"
)

// queue returns the type of queues. Their ID is their URL. The policies of a queue
// can also be resources of their own if the program omits them from the queue.
func queue(service *sqs.Service) *Resource {
	return &Resource{
		Type: schema.Type{
			Token: "aws:sqs/queue:Queue", Noun: "SQS Queue",
			Inputs: []schema.Property{
				{Name: "name", AutoName: sqs.MaxName, ForceNew: true, Check: text(sqs.CheckName)},
				{Name: "delaySeconds", Kind: schema.Int, Default: 0, Check: whole(sqs.CheckDelaySeconds)},
				{Name: "maxMessageSize", Kind: schema.Int, Default: 262144, Check: messageSize},
				{Name: "messageRetentionSeconds", Kind: schema.Int, Default: 345600, Check: whole(sqs.CheckMessageRetentionPeriod)},
				{Name: "receiveWaitTimeSeconds", Kind: schema.Int, Default: 0, Check: whole(sqs.CheckReceiveMessageWaitTime)},
				{Name: "visibilityTimeoutSeconds", Kind: schema.Int, Default: 30, Check: whole(sqs.CheckVisibilityTimeout)},
				{Name: "policy", Kind: schema.Policy, Computed: true, Check: queuePolicyDocument},
				{Name: "redrivePolicy", Kind: schema.JSON, Computed: true, Check: text(sqs.CheckRedrivePolicy)},
				{Name: "redriveAllowPolicy", Kind: schema.JSON, Computed: true, Check: text(sqs.CheckRedriveAllowPolicy)},
				{Name: "fifoQueue", Kind: schema.Bool, Default: false, ForceNew: true, Check: off("FIFO queues are not emulated; use a standard queue")},
				{Name: "contentBasedDeduplication", Kind: schema.Bool, Default: false, Check: off("it is for FIFO queues, which are not emulated")},
				{Name: "kmsMasterKeyId", Check: text(sqs.CheckKMSMasterKeyID)},
				{Name: "kmsDataKeyReusePeriodSeconds", Kind: schema.Int, Computed: true, Recorded: true, Check: whole(sqs.CheckKMSDataKeyReusePeriod)},
				{Name: "sqsManagedSseEnabled", Kind: schema.Bool, Computed: true, Recorded: true},
				tagged(sqs.CheckTags),
			},
			Outputs:     []schema.Output{{Name: "arn"}, {Name: "url"}, schema.TagOutput()},
			Unsupported: []string{"deduplicationScope", "fifoThroughputLimit", "namePrefix"},
			// A rule of the real provider: without it, the KMS key would take precedence.
			Together: func(in schema.Values, fail schema.Fail) {
				if in.Has("kmsMasterKeyId") && in.Bool("sqsManagedSseEnabled") {
					fail("sqsManagedSseEnabled", "conflicts with kmsMasterKeyId: a queue is encrypted with a key of either SQS or KMS")
				}
			},
		},
		ID: func(in schema.Values) string { return service.URL(in.String("name")) },
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			q := sqs.Queue{Name: in.String("name"), SSE: true} // AWS's default
			setQueue(&q, schema.Values{}, in)
			q, err := service.CreateQueue(q)
			return q.URL, liveQueue(q), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			q, err := service.Queue(id)
			return q.URL, liveQueue(q), err
		},
		Update: func(_ context.Context, id string, state, in schema.Values) (map[string]any, error) {
			q, err := service.UpdateQueue(id, func(q *sqs.Queue) error { setQueue(q, state, in); return nil })
			return liveQueue(q), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.DeleteQueue(id) },
	}
}

// setQueue applies the inputs to a queue. Like the real provider, it does not set
// a policy whose input has not changed: a separate resource may have set it.
func setQueue(q *sqs.Queue, state, in schema.Values) {
	q.DelaySeconds, q.VisibilityTimeoutSeconds = in.Int("delaySeconds"), in.Int("visibilityTimeoutSeconds")
	q.MaxMessageBytes, q.RetentionSeconds = in.Int("maxMessageSize"), in.Int("messageRetentionSeconds")
	q.ReceiveWaitSeconds, q.Tags = in.Int("receiveWaitTimeSeconds"), in.Map("tagsAll")
	for name, document := range map[string]*string{
		"policy": &q.Policy, "redrivePolicy": &q.RedrivePolicy, "redriveAllowPolicy": &q.RedriveAllowPolicy,
	} {
		if in.String(name) != state.String(name) {
			*document = in.String(name)
		}
	}
	q.KMSMasterKeyID, q.KMSReuseSeconds = in.String("kmsMasterKeyId"), in.Int("kmsDataKeyReusePeriodSeconds")
	if in.Has("sqsManagedSseEnabled") {
		q.SSE = in.Bool("sqsManagedSseEnabled")
	}
	if q.KMSMasterKeyID != "" {
		q.SSE = false // a KMS key replaces the key of SQS
	}
}

func liveQueue(q sqs.Queue) map[string]any {
	return map[string]any{
		"name": q.Name, "arn": q.ARN, "url": q.URL, "tagsAll": q.Tags,
		"delaySeconds": q.DelaySeconds, "maxMessageSize": q.MaxMessageBytes, "messageRetentionSeconds": q.RetentionSeconds,
		"receiveWaitTimeSeconds": q.ReceiveWaitSeconds, "visibilityTimeoutSeconds": q.VisibilityTimeoutSeconds,
		"policy": q.Policy, "redrivePolicy": q.RedrivePolicy, "redriveAllowPolicy": q.RedriveAllowPolicy, // empty, not absent, so that adding one is an update
		"fifoQueue": false, "contentBasedDeduplication": false,
		"kmsMasterKeyId": orNil(q.KMSMasterKeyID), "kmsDataKeyReusePeriodSeconds": q.KMSReuseSeconds, "sqsManagedSseEnabled": q.SSE,
	}
}

// messageSize accepts what both SQS and this version of the real provider accept.
// The provider still has an older, lower limit:
// https://www.pulumi.com/registry/packages/aws-v6/api-docs/sqs/queue/#maxmessagesize_go
func messageSize(v any) error {
	return cmp.Or(whole(sqs.CheckMaximumMessageSize)(v), between(1024, 256<<10)(v))
}
