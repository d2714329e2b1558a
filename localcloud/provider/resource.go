package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"tally/localcloud/cloud"
	"tally/localcloud/provider/schema"
)

// Resource is a resource type and its operations in a service. Their inputs
// have passed Check.
//
// The operations return the live resource: every input that the service reports,
// nil if it is not set, and every output, by their names in the schema. Values
// are strings, numbers, booleans, and slices and maps of them.
type Resource struct {
	schema.Type

	// ID returns the ID that Create will give to the resource; nil means its name. It is
	// stored before the creation, so that a repair finds the resource. If the service
	// chooses the ID at random, ID does instead, and Create uses [plannedID].
	ID     func(in schema.Values) string
	Create func(ctx context.Context, in schema.Values) (id string, live map[string]any, err error)
	// Read finds the resource by its ID and state. In an import, the state is
	// empty, and the ID is the one by which the real provider imports.
	Read func(ctx context.Context, id string, state schema.Values) (newID string, live map[string]any, err error)
	// Update applies all inputs, not only the changed ones. It is nil if every
	// input of the type forces a new resource.
	Update func(ctx context.Context, id string, state, in schema.Values) (live map[string]any, err error)
	Delete func(ctx context.Context, id string, state schema.Values) error
}

// plannedIDKey is the key of the planned ID in the context of Create.
type plannedIDKey struct{}

// plannedID returns the result of Resource.ID to Create.
func plannedID(ctx context.Context) string {
	id, _ := ctx.Value(plannedIDKey{}).(string)
	return id
}

// id returns the ID that Create will give to the resource, or "" if that is unknown.
func (r *Resource) id(in schema.Values) string {
	if r.ID != nil {
		return r.ID(in)
	}
	return in.String("name")
}

// input returns an ID that is the value of an input.
func input(name string) func(schema.Values) string {
	return func(in schema.Values) string { return in.String(name) }
}

// resources returns the table of resource types for the programs of a project.
func resources(place cloud.Place, s Services, project string) []*Resource {
	files := func() []string { return s.Deployments.Folders(project) }
	return []*Resource{
		role(s.IAM),
		rolePolicy(s.IAM),
		rolePolicyAttachment(s.IAM),
		managedPolicy(s.IAM),
		kmsAlias(place, s.KMS),
		kmsKey(place, s.KMS, s.IAM),
		logGroup(place, s.Logs, s.KMS),
		metricAlarm(place, s.CloudWatch),
		dynamoTable(s.DynamoDB),
		lambdaFunction(place, s.Lambda, files),
		lambdaAlias(place, s.Lambda),
		functionURL(s.Lambda),
		eventInvokeConfig(s.Lambda),
		eventSourceMapping(s.Lambda),
		permission(s.Lambda),
		topic(place, s.SNS),
		topicPolicy(place, s.SNS),
		topicSubscription(place, s.SNS),
		queue(s.SQS),
		queuePolicy(s.SQS),
		redrivePolicy(s.SQS),
		redriveAllowPolicy(s.SQS),
		parameter(place, s.SSM, s.IAM),
		secret(s.Secrets, s.IAM),
		secretVersion(s.Secrets, s.IAM),
		secretRotation(s.Secrets, s.IAM),
		eventRule(s.Events),
		eventTarget(s.Events),
		scheduleGroup(s.Scheduler),
		schedule(s.Scheduler, s.IAM),
		api(place, s.HTTPAPI),
		authorizer(s.HTTPAPI),
		integration(s.HTTPAPI),
		route(s.HTTPAPI),
		stage(place, s.HTTPAPI),
		apiMapping(s.Recorded, s.HTTPAPI).in(s.Recorded),
		certificate(place).in(s.Recorded),
		certificateValidation(place, s.Recorded).in(s.Recorded),
		dashboard(place).in(s.Recorded),
		dnsRecord().in(s.Recorded),
		domainName(place, s.Recorded).in(s.Recorded),
	}
}

// failed wraps an error in the words of the real provider: "creating SNS Topic
// (numbers-1a2b3c4): InvalidParameter: …".
func (r *Resource) failed(doing, name string, err error) error {
	if name == "" {
		return fmt.Errorf("%s %s: %w", doing, r.Noun, err)
	}
	return fmt.Errorf("%s %s (%s): %w", doing, r.Noun, name, err)
}

// gone reports whether err means that the resource does not exist. CloudWatch
// Logs, KMS, SQS and Parameter Store report that with status 400.
func gone(err error) bool {
	e, ok := errors.AsType[*cloud.Error](err)
	return ok && (e.Status == http.StatusNotFound || e.Code == "ResourceNotFoundException" || e.Code == "NotFoundException" || e.Code == "ParameterNotFound" || e.Code == "AWS.SimpleQueueService.NonExistentQueue")
}

// orNil returns nil for an empty value, which means not set.
func orNil[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// orNilMap returns nil for an empty map, which means not set.
func orNilMap(m map[string]string) any {
	if len(m) == 0 {
		return nil
	}
	return m
}

// orNilList returns nil for an empty list, which means not set.
func orNilList[T any](list []T) any {
	if len(list) == 0 {
		return nil
	}
	return list
}

// removedTags returns the keys of the old tags that are not among the new ones.
func removedTags(old, tags map[string]string) (removed []string) {
	for key := range old {
		if _, ok := tags[key]; !ok {
			removed = append(removed, key)
		}
	}
	return removed
}
