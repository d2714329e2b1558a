package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"tally/localcloud/deployments"
	"tally/localcloud/provider/schema"
)

// Repair deletes the resources that interrupted deployments have created and that Pulumi
// does not know, and returns them. The next deployment creates them again. Pulumi's state
// is in the folder dir.
//
// Pulumi asks the user to look for such resources, and then to import or to forget them
// with pulumi refresh. The local cloud knows which they are. To import one is not always
// possible: if the local cloud was killed, the engine has recorded that the creation failed.
// To delete one loses nothing, because it is as old as the interruption and nothing that
// depends on it exists. A creation itself never adopts a resource: as on AWS, it fails if
// its name is taken, even by a resource that the same program has created.
//
// https://www.pulumi.com/docs/iac/operations/troubleshooting/interrupted-updates/
func (p *Provider) Repair(ctx context.Context, dir string) (deleted []deployments.Owner, err error) {
	p.repairing.Lock()
	defer p.repairing.Unlock()
	checkpoints, err := deployments.Checkpoints(dir)
	for _, c := range checkpoints {
		some, failed := p.repair(ctx, c)
		deleted = append(deleted, some...)
		err = errors.Join(err, failed)
	}
	return deleted, err
}

func (p *Provider) repair(ctx context.Context, c *deployments.Checkpoint) (deleted []deployments.Owner, err error) {
	owners := p.services.Deployments
	if !owners.Doubtful(c.Stack()) && !c.Interrupted() {
		return nil, nil
	}
	if err := c.Read(); err != nil {
		return nil, err
	}
	remain, err := owners.Confirm(c)
	if err != nil || !remain && len(c.Creating) == 0 {
		return nil, err
	}
	unlock, ok, err := c.Lock()
	if err != nil || !ok {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := c.Read(); err != nil { // now that no deployment changes it
		return nil, err
	}
	for _, creation := range owners.Unknown(c) {
		o := deployments.Owner{URN: creation.URN, ID: creation.ID}
		existed, err := p.deleteUnknown(ctx, o, creation.Inputs)
		if err != nil {
			return deleted, fmt.Errorf("after an interrupted deployment of %s: %w", o, err)
		}
		if existed {
			deleted = append(deleted, o)
		}
	}
	if len(c.Creating) > 0 {
		if err := c.ClearCreating(); err != nil {
			return deleted, err
		}
	}
	return deleted, owners.Settle(c.Stack())
}

// deleteUnknown deletes a resource, and reports whether it existed.
func (p *Provider) deleteUnknown(ctx context.Context, o deployments.Owner, inputs deployments.Inputs) (existed bool, err error) {
	r, ok := p.table(string(o.URN.Project()))[o.Type()]
	if !ok {
		return false, nil // of another version of the local cloud
	}
	state := schema.Plain(resource.NewPropertyMapFromMap(inputs))
	_, _, err = r.Read(ctx, o.ID, state)
	if existed = err == nil; existed {
		err = r.Delete(ctx, o.ID, state)
	}
	if err != nil && !gone(err) {
		return false, r.failed("deleting", o.ID, err)
	}
	return existed, errors.Join(p.services.Deployments.Disown(o.URN, o.ID), p.annotate(r, o.ID, nil))
}

// locating returns the inputs that an operation on the resource may need besides its ID:
// texts and lists of texts, such as the ID of the API that it belongs to. Secrets are not
// among them.
func locating(in resource.PropertyMap) deployments.Inputs {
	out := deployments.Inputs{}
	for name, value := range in {
		switch {
		case value.IsString():
			out[string(name)] = value.StringValue()
		case value.IsArray():
			if list, ok := value.Mappable().([]any); ok && allTexts(list) {
				out[string(name)] = list
			}
		}
	}
	return out
}

func allTexts(list []any) bool {
	for _, item := range list {
		if _, ok := item.(string); !ok {
			return false
		}
	}
	return true
}
