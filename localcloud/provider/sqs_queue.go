package provider

import (
	"context"

	"tally/localcloud/iam"
	"tally/localcloud/provider/schema"
	"tally/localcloud/sqs"
)

// queue has its URL as ID. Its policies can also be resources of their own:
// whatever the program leaves out of the queue is theirs.
func queue(service *sqs.Service) *Resource {
	return &Resource{
		Type: schema.Type{
			Token: "aws:sqs/queue:Queue", Noun: "SQS Queue",
			Inputs: []schema.Property{
				{Name: "name", AutoName: 80, ForceNew: true},
				{Name: "delaySeconds", Kind: schema.Int, Default: 0, Check: between(0, 900)},
				{Name: "maxMessageSize", Kind: schema.Int, Default: 262144, Check: between(1024, 262144)},
				{Name: "messageRetentionSeconds", Kind: schema.Int, Default: 345600, Check: between(60, 1209600)},
				{Name: "receiveWaitTimeSeconds", Kind: schema.Int, Default: 0, Check: between(0, 20)},
				{Name: "visibilityTimeoutSeconds", Kind: schema.Int, Default: 30, Check: between(0, 43200)},
				{Name: "policy", Kind: schema.Policy, Computed: true, Check: policyOf(iam.ResourcePolicy)},
				{Name: "redrivePolicy", Kind: schema.JSON, Computed: true, Check: document(sqs.CheckRedrivePolicy)},
				{Name: "redriveAllowPolicy", Kind: schema.JSON, Computed: true, Check: document(sqs.CheckRedriveAllowPolicy)},
				{Name: "fifoQueue", Kind: schema.Bool, Default: false, ForceNew: true, Check: oneOf(false)},
				{Name: "contentBasedDeduplication", Kind: schema.Bool, Default: false, Check: oneOf(false)},
				{Name: "kmsMasterKeyId", Recorded: true},
				{Name: "kmsDataKeyReusePeriodSeconds", Kind: schema.Int, Computed: true, Recorded: true, Check: between(60, 86400)},
				{Name: "sqsManagedSseEnabled", Kind: schema.Bool, Computed: true, Recorded: true},
				schema.TagProperty(),
			},
			Outputs:     []schema.Output{{Name: "arn"}, {Name: "url"}, schema.TagOutput()},
			Unsupported: []string{"deduplicationScope", "fifoThroughputLimit", "namePrefix"},
			Together: func(in schema.Values, fail schema.Fail) {
				if in.Has("kmsMasterKeyId") && in.Bool("sqsManagedSseEnabled") {
					fail("sqsManagedSseEnabled", "conflicts with kmsMasterKeyId: a queue is encrypted by a key of SQS or of KMS")
				}
			},
		},
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			q := sqs.Queue{Name: in.String("name"), SSE: true} // as AWS encrypts what does not say
			setQueue(&q, schema.Values{}, in)
			q, err := service.CreateQueue(q)
			return q.URL, liveQueue(q), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			q, err := service.Queue(id)
			return q.URL, liveQueue(q), err
		},
		Update: func(_ context.Context, id string, state, in schema.Values) (map[string]any, error) {
			q, err := service.UpdateQueue(id, func(q *sqs.Queue) { setQueue(q, state, in) })
			return liveQueue(q), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.DeleteQueue(id) },
	}
}

// setQueue makes a queue what the program wants. As by the real provider, a
// policy that did not change is not sent: a resource of its own may have set it.
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
		q.SSE = false // a key of KMS takes the place of that of SQS
	}
}

func liveQueue(q sqs.Queue) map[string]any {
	return map[string]any{
		"name": q.Name, "arn": q.ARN, "url": q.URL, "tagsAll": q.Tags,
		"delaySeconds": q.DelaySeconds, "maxMessageSize": q.MaxMessageBytes, "messageRetentionSeconds": q.RetentionSeconds,
		"receiveWaitTimeSeconds": q.ReceiveWaitSeconds, "visibilityTimeoutSeconds": q.VisibilityTimeoutSeconds,
		"policy": q.Policy, "redrivePolicy": q.RedrivePolicy, "redriveAllowPolicy": q.RedriveAllowPolicy, // empty, not absent: adding one is a change
		"fifoQueue": false, "contentBasedDeduplication": false,
		"kmsMasterKeyId": orNil(q.KMSMasterKeyID), "kmsDataKeyReusePeriodSeconds": q.KMSReuseSeconds, "sqsManagedSseEnabled": q.SSE,
	}
}
