package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"tally/localcloud/deployments"
	"tally/localcloud/provider/schema"
)

// exclusive lists the types of which AWS accepts a second resource with the same
// name, and then replaces or returns the first one. The local cloud refuses it:
// two stacks would undo each other's changes, and one would delete the resource
// of the other.
var exclusive = map[string]bool{
	"aws:cloudwatch/dashboard:Dashboard":                             true,
	"aws:cloudwatch/metricAlarm:MetricAlarm":                         true,
	"aws:iam/rolePolicy:RolePolicy":                                  true,
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":              true,
	"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": true,
	"aws:sns/topicPolicy:TopicPolicy":                                true,
	"aws:sns/topicSubscription:TopicSubscription":                    true,
	"aws:ssm/parameter:Parameter":                                    true, // with overwrite
	"aws:sqs/queuePolicy:QueuePolicy":                                true,
	"aws:sqs/redriveAllowPolicy:RedriveAllowPolicy":                  true,
	"aws:sqs/redrivePolicy:RedrivePolicy":                            true,
}

// identity returns the inputs that identify a resource of an exclusive type:
// those that cannot change. It returns "" for other types.
func identity(t schema.Type, in schema.Values) string {
	if !exclusive[t.Token] {
		return ""
	}
	var parts []string
	for _, p := range t.Inputs {
		if p.ForceNew {
			parts = append(parts, in.String(p.Name))
		}
	}
	return strings.Join(parts, " ")
}

// createOwned creates the resource for u, and stores u as its owner. It does not
// replace a resource that exists for another URN.
func (p *Provider) createOwned(ctx context.Context, r *Resource, u urn.URN, inputs resource.PropertyMap) (string, map[string]any, error) {
	in := schema.Plain(inputs)
	identity := identity(r.Type, in)
	if identity != "" {
		p.creating.Lock()
		defer p.creating.Unlock()
		if err := p.checkFree(ctx, r, u, identity); err != nil {
			return "", nil, r.failed("creating", identity, err)
		}
	}
	id, live, err := p.createNoted(ctx, r, u, inputs, in)
	if err != nil {
		return "", nil, r.failed("creating", r.Name(in), p.explainTaken(r, u, r.Name(in), err))
	}
	return id, live, p.services.Deployments.SetOwner(deployments.Owner{URN: u, ID: id, Identity: identity})
}

// createNoted creates the resource from inputs, whose plain values are in. It notes that
// before, so that a repair finds what a crash leaves at any moment. It notes nothing if the
// resource already exists: then the creation will fail or, where AWS has an operation like
// PutMetricAlarm, replace what is not the deployment's to delete.
func (p *Provider) createNoted(ctx context.Context, r *Resource, u urn.URN, inputs resource.PropertyMap, in schema.Values) (string, map[string]any, error) {
	notes := p.services.Deployments
	planned := r.id(in)
	ctx = context.WithValue(ctx, plannedIDKey{}, planned)
	if planned == "" {
		return r.Create(ctx, in)
	}
	if _, _, err := r.Read(ctx, planned, in); err == nil {
		return r.Create(ctx, in)
	}
	if err := notes.Begin(deployments.Creation{URN: u, ID: planned, Inputs: locating(inputs)}); err != nil {
		return "", nil, err
	}
	id, live, err := r.Create(ctx, in)
	if err != nil || id != planned { // there was an equal one, as of a subscription
		err = errors.Join(err, notes.Forget(u, planned))
	}
	return id, live, err
}

// explainTaken adds the owner of the resource that has the name to an error that
// the name is taken.
func (p *Provider) explainTaken(r *Resource, u urn.URN, name string, err error) error {
	owner, ok := p.services.Deployments.Named(r.Token, name)
	if !ok || owner.URN == u || !strings.Contains(err.Error(), "already exist") {
		return err
	}
	return fmt.Errorf("%w; it belongs to %s (%s)", err, owner, owner.URN)
}

// checkFree returns an error if a live resource of another URN has the identity.
func (p *Provider) checkFree(ctx context.Context, r *Resource, u urn.URN, identity string) error {
	owner, ok := p.services.Deployments.Identified(r.Token, identity)
	if !ok || owner.URN == u {
		return nil
	}
	if _, _, err := r.Read(ctx, owner.ID, schema.Plain(resource.PropertyMap{})); gone(err) {
		return nil // it was deleted, but not by its stack
	}
	return fmt.Errorf("it already exists and belongs to %s (%s): choose another name, or delete it there", owner, owner.URN)
}
