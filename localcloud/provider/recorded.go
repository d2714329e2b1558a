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
// are checked like on AWS, stored, and returned with AWS's outputs.
type recordedType struct {
	schema.Type
	// id returns the ID that AWS and the real provider give a new resource.
	id func(in schema.Values) string
	// adds returns what AWS adds to the inputs: the outputs, and the values of
	// computed inputs. It depends only on its arguments.
	adds func(id string, created time.Time, in schema.Values) map[string]any
	// needs refuses a resource if others that it refers to do not exist; nil if it
	// refers to none.
	needs func(in schema.Values) error
	// taken returns AWS's error if the resource exists. If taken or the error is
	// nil, AWS replaces it.
	taken func(in schema.Values) error
	// imported returns the ID for the one by which the real provider imports; nil if
	// they are the same.
	imported func(importID string) string
}

func (k recordedType) in(service *recorded.Service) *Resource {
	k.Recorded = true
	r := &Resource{
		Type: k.Type,
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			r, err := k.create(service, in)
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
		r.Update = func(_ context.Context, id string, _, in schema.Values) (map[string]any, error) {
			if err := k.refuse(in); err != nil {
				return nil, err
			}
			r, err := service.Update(k.Token, id, k.inputs(in))
			return k.live(r), err
		}
	}
	return r
}

func (k recordedType) create(service *recorded.Service, in schema.Values) (recorded.Resource, error) {
	if err := k.refuse(in); err != nil {
		return recorded.Resource{}, err
	}
	wanted := recorded.Resource{Type: k.Token, ID: k.id(in), Name: k.Name(in), Inputs: k.inputs(in)}
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

func (k recordedType) refuse(in schema.Values) error {
	if k.needs == nil {
		return nil
	}
	return k.needs(in)
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
		if p.Name != "tags" { // a service knows tagsAll alone
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
