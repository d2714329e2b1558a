package provider

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"tally/localcloud/provider/schema"
	"tally/localcloud/recorded"
)

// recordedType is a resource type without effect in the local cloud. Its resources
// are checked as on AWS, stored, and returned with AWS's outputs.
type recordedType struct {
	schema.Type
	// id returns the ID that AWS and the real provider give a new resource.
	id func(in schema.Values) string
	// adds returns what AWS adds to the inputs: the outputs, and the values of
	// computed inputs. Its result depends only on its arguments.
	adds func(id string, created time.Time, in schema.Values) map[string]any
	// needs returns an error if another resource that the inputs refer to does not
	// exist or does not suit them. state is the state before an update, empty for a
	// new resource. It is nil if they refer to none.
	needs func(state, in schema.Values) error
	// taken returns AWS's error for a resource that already exists. If taken or its
	// error is nil, the new resource replaces the existing one, as on AWS.
	taken func(in schema.Values) error
	// imported returns the ID, given the one by which the real provider imports. It
	// is nil if they are the same.
	imported func(importID string) string
}

// in returns the type with operations that store its resources in the service.
func (k recordedType) in(service *recorded.Service) *Resource {
	k.Recorded = true
	r := &Resource{
		Type: k.Type,
		ID:   k.id,
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			r, err := k.create(service, plannedID(ctx), in)
			if err != nil {
				return "", nil, err
			}
			return r.ID, k.live(r), nil
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			if k.imported != nil {
				id = k.imported(id)
			}
			r, err := service.Resource(k.Token, id)
			if err != nil {
				return "", nil, err
			}
			return r.ID, k.live(r), nil
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.Delete(k.Token, id) },
	}
	if k.changeable() {
		r.Update = func(_ context.Context, id string, state, in schema.Values) (map[string]any, error) {
			if err := k.validate(state, in); err != nil {
				return nil, err
			}
			r, err := service.Update(k.Token, id, k.inputs(in))
			return k.live(r), err
		}
	}
	return r
}

func (k recordedType) create(service *recorded.Service, id string, in schema.Values) (recorded.Resource, error) {
	if err := k.validate(schema.Values{}, in); err != nil {
		return recorded.Resource{}, err
	}
	wanted := recorded.Resource{Type: k.Token, ID: id, Name: k.Name(in), Inputs: k.inputs(in)}
	r, err := service.Create(wanted)
	if !errors.Is(err, recorded.ErrExists) {
		return r, err
	}
	if k.taken != nil {
		if err := k.taken(in); err != nil {
			return r, err
		}
	}
	return service.Update(k.Token, wanted.ID, wanted.Inputs)
}

// validate refuses what Check refuses and what needs refuses.
func (k recordedType) validate(state, in schema.Values) error {
	if err := k.Validate(in); err != nil || k.needs == nil {
		return err
	}
	return k.needs(state, in)
}

// inputs returns the given inputs, and tagsAll.
func (k recordedType) inputs(in schema.Values) map[string]any {
	given := map[string]any{}
	for _, p := range k.Inputs {
		if in.Has(p.Name) {
			given[p.Name] = in.Any(p.Name)
		}
	}
	if k.tagged() {
		given["tagsAll"] = in.Map("tagsAll")
	}
	return given
}

// live returns the resource with every input, nil if it is not set.
func (k recordedType) live(r recorded.Resource) map[string]any {
	live := map[string]any{}
	for _, p := range k.Inputs {
		if p.Name != "tags" { // services report only tagsAll
			live[p.Name] = r.Inputs[p.Name]
		}
	}
	if k.tagged() {
		live["tagsAll"] = r.Inputs["tagsAll"]
	}
	maps.Copy(live, k.adds(r.ID, r.Created, schema.Plain(properties(r.Inputs))))
	return live
}

func (k recordedType) tagged() bool {
	return slices.ContainsFunc(k.Inputs, func(p schema.Property) bool { return p.Name == "tags" })
}

// changeable reports whether there is an input that does not force a new
// resource.
func (k recordedType) changeable() bool {
	return slices.ContainsFunc(k.Inputs, func(p schema.Property) bool { return !p.ForceNew })
}
