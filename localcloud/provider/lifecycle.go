package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"

	"tally/localcloud/provider/schema"
	"tally/localcloud/provider/wire"
	"tally/localcloud/recorded"
)

// Check validates a resource's inputs, and adds names and defaults.
func (p *Provider) Check(ctx context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	r, u, err := p.resource(req.GetUrn())
	if err != nil {
		return nil, err
	}
	conn, err := p.connection(ctx)
	if err != nil {
		return nil, err
	}
	var old, want resource.PropertyMap
	if err := decode(into{req.GetOlds(), &old}, into{req.GetNews(), &want}); err != nil {
		return nil, err
	}
	in, failures := r.Check(schema.CheckRequest{
		Name: u.Name(), Old: old, New: want, Seed: req.GetRandomSeed(), Autonaming: req.GetAutonaming(), DefaultTags: conn.defaultTags,
	})
	return checked(want, in, failures)
}

// checked encodes the response of Check and CheckConfig. The engine prints a
// failure with the value of its property. A secret one, and one that want does not have at
// its top level, such as a nested one, is therefore named in the reason instead.
func checked(want, in resource.PropertyMap, failures []schema.Failure) (*pulumirpc.CheckResponse, error) {
	raw, err := wire.Encode(in)
	if err != nil {
		return nil, err
	}
	res := &pulumirpc.CheckResponse{Inputs: raw}
	for _, f := range failures {
		failure := &pulumirpc.CheckFailure{Property: f.Property, Reason: f.Reason}
		if key := resource.PropertyKey(f.Property); !want.HasValue(key) || in[key].ContainsSecrets() {
			failure = &pulumirpc.CheckFailure{Reason: fmt.Sprintf("%s: %s", f.Property, f.Reason)}
		}
		res.Failures = append(res.Failures, failure)
	}
	return res, nil
}

// Diff compares a resource with the program's inputs.
func (p *Provider) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	r, _, err := p.resource(req.GetUrn())
	if err != nil {
		return nil, err
	}
	var state, old, want resource.PropertyMap
	if err := decode(into{req.GetOlds(), &state}, into{req.GetOldInputs(), &old}, into{req.GetNews(), &want}); err != nil {
		return nil, err
	}
	return r.Diff(state, old, want), nil
}

// Create creates the resource or, in a preview, predicts its state.
func (p *Provider) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	r, u, err := p.resource(req.GetUrn())
	if err != nil {
		return nil, err
	}
	var in resource.PropertyMap
	if err := decode(into{req.GetProperties(), &in}); err != nil {
		return nil, err
	}
	if req.GetPreview() {
		raw, err := wire.Encode(r.PreviewCreate(in))
		return &pulumirpc.CreateResponse{Properties: raw}, err
	}
	p.repairing.RLock()
	defer p.repairing.RUnlock()
	if err := ctx.Err(); err != nil {
		return nil, err // the engine has ended, and a repair may have followed
	}
	id, live, err := p.createOwned(ctx, r, u, in)
	if err != nil {
		return nil, err
	}
	if err := p.annotate(r, id, in); err != nil {
		return nil, err
	}
	raw, err := wire.Encode(r.State(properties(live), in))
	p.services.Deployments.Created(u, id)
	return &pulumirpc.CreateResponse{Id: id, Properties: raw}, err
}

// Read reads the live resource. A refresh passes the old inputs and state, an
// import only the ID. The ID in the response is empty if the resource does not
// exist.
func (p *Provider) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	r, _, err := p.resource(req.GetUrn())
	if err != nil {
		return nil, err
	}
	conn, err := p.connection(ctx)
	if err != nil {
		return nil, err
	}
	var old, state resource.PropertyMap
	if err := decode(into{req.GetInputs(), &old}, into{req.GetProperties(), &state}); err != nil {
		return nil, err
	}
	id, found, err := r.Read(ctx, req.GetId(), schema.Plain(state))
	if gone(err) {
		return &pulumirpc.ReadResponse{}, nil
	}
	if err != nil {
		return nil, r.failed("reading", req.GetId(), err)
	}
	live := properties(found)
	in := r.ReadInputs(live, old, conn.defaultTags)
	inputs, err := wire.Encode(in)
	if err != nil {
		return nil, err
	}
	outputs, err := wire.Encode(r.State(live, in))
	return &pulumirpc.ReadResponse{Id: id, Inputs: inputs, Properties: outputs}, err
}

// Update changes the resource or, in a preview, predicts its state.
func (p *Provider) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	r, _, err := p.resource(req.GetUrn())
	if err != nil {
		return nil, err
	}
	var state, old, in resource.PropertyMap
	if err := decode(into{req.GetOlds(), &state}, into{req.GetOldInputs(), &old}, into{req.GetNews(), &in}); err != nil {
		return nil, err
	}
	if req.GetPreview() {
		raw, err := wire.Encode(r.PreviewUpdate(state, old, in))
		return &pulumirpc.UpdateResponse{Properties: raw}, err
	}
	if r.Update == nil {
		return nil, fmt.Errorf("%s cannot be updated: every change replaces it", r.Token)
	}
	live, err := r.Update(ctx, req.GetId(), schema.Plain(state), schema.Plain(r.Effective(state, in)))
	if err != nil {
		return nil, r.failed("updating", req.GetId(), err)
	}
	if err := p.annotate(r, req.GetId(), in); err != nil {
		return nil, err
	}
	raw, err := wire.Encode(r.State(properties(live), in))
	return &pulumirpc.UpdateResponse{Properties: raw}, err
}

// Delete deletes the resource. It succeeds if the resource does not exist.
func (p *Provider) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	r, u, err := p.resource(req.GetUrn())
	if err != nil {
		return nil, err
	}
	var state resource.PropertyMap
	if err := decode(into{req.GetProperties(), &state}); err != nil {
		return nil, err
	}
	if err := p.services.Deployments.Forget(u, req.GetId()); err != nil { // the engine knows it
		return nil, err
	}
	if err := r.Delete(ctx, req.GetId(), schema.Plain(state)); err != nil && !gone(err) {
		return nil, r.failed("deleting", req.GetId(), err)
	}
	return &emptypb.Empty{}, errors.Join(p.services.Deployments.Disown(u, req.GetId()), p.annotate(r, req.GetId(), nil))
}

// annotate stores which inputs of an emulated resource have no effect, for
// localcloud status.
func (p *Provider) annotate(r *Resource, id string, in resource.PropertyMap) error {
	if r.Recorded {
		return nil
	}
	return p.services.Recorded.Annotate(recorded.Note{Type: r.Token, ID: id, Name: r.Name(schema.Plain(in)), Properties: r.WithoutEffect(in)})
}
