package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"tally/localcloud/cloud"
	"tally/localcloud/provider/schema"
	"tally/localcloud/sqs"
)

func queuePolicy(service *sqs.Service) *Resource {
	return queueDocument(service, "aws:sqs/queuePolicy:QueuePolicy", "SQS Queue Policy",
		schema.Property{Name: "policy", Kind: schema.Policy, Check: queuePolicyDocument},
		func(q *sqs.Queue) *string { return &q.Policy })
}

func redrivePolicy(service *sqs.Service) *Resource {
	return queueDocument(service, "aws:sqs/redrivePolicy:RedrivePolicy", "SQS Queue Redrive Policy",
		schema.Property{Name: "redrivePolicy", Kind: schema.JSON, Check: text(sqs.CheckRedrivePolicy)},
		func(q *sqs.Queue) *string { return &q.RedrivePolicy })
}

func redriveAllowPolicy(service *sqs.Service) *Resource {
	return queueDocument(service, "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "SQS Queue Redrive Allow Policy",
		schema.Property{Name: "redriveAllowPolicy", Kind: schema.JSON, Check: text(sqs.CheckRedriveAllowPolicy)},
		func(q *sqs.Queue) *string { return &q.RedriveAllowPolicy })
}

// queuePolicyDocument accepts policies of queues. If a policy has no Version, SQS adds
// one, and the real provider waits in vain for the policy that it sent.
//
// https://github.com/hashicorp/terraform-provider-aws/issues/29497
func queuePolicyDocument(v any) error {
	if err := resourcePolicy(sqs.CheckPolicy, sqs.RewordPolicyError)(v); err != nil {
		return err
	}
	var policy struct{ Version string }
	if _ = json.Unmarshal([]byte(v.(string)), &policy); policy.Version == "" {
		return errors.New("waiting for SQS Queue attribute (Policy): timeout while waiting for state to become 'equal' " +
			"(the policy has no Version: set it to \"2012-10-17\")")
	}
	return nil
}

// queueDocument returns the type of resources that are one document of a queue.
// Their ID is the queue's URL. Deleting one removes the document from the queue.
func queueDocument(service *sqs.Service, token, noun string, property schema.Property, of func(*sqs.Queue) *string) *Resource {
	property.Required = true
	live := func(url string, q sqs.Queue) map[string]any {
		return map[string]any{"queueUrl": url, property.Name: *of(&q)}
	}
	set := func(url, document string) (map[string]any, error) {
		q, err := service.UpdateQueue(url, func(q *sqs.Queue) error { *of(q) = document; return nil })
		return live(url, q), err
	}
	return &Resource{
		Type: schema.Type{
			Token: token, Noun: noun,
			Inputs: []schema.Property{{Name: "queueUrl", Required: true, ForceNew: true, Check: text(sqs.CheckURL)}, property},
			// A queue has one of each, so the old one is removed before the new one is set.
			DeleteBeforeReplace: true,
		},
		ID: input("queueUrl"),
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			live, err := set(in.String("queueUrl"), in.String(property.Name))
			return in.String("queueUrl"), live, err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			q, err := service.Queue(id)
			if err == nil && *of(&q) == "" {
				err = cloud.Errorf(http.StatusNotFound, "NotFound", "The queue %s has no %s", q.Name, property.Name)
			}
			return id, live(id, q), err
		},
		Update: func(_ context.Context, id string, _, in schema.Values) (map[string]any, error) {
			return set(id, in.String(property.Name))
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error {
			_, err := set(id, "")
			return err
		},
	}
}
