package provider

import (
	"context"
	"fmt"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/kms"
	"tally/localcloud/provider/schema"
)

// kmsAlias returns the type of the aliases of keys. Their ID is their name.
func kmsAlias(place cloud.Place, service *kms.Service) *Resource {
	wanted := func(in schema.Values) kms.Alias {
		id := in.String("targetKeyId")
		return kms.Alias{Name: in.String("name"), KeyID: id[strings.LastIndex(id, "/")+1:]} // of an ARN, too
	}
	live := func(a kms.Alias, target string) map[string]any {
		return map[string]any{
			"name": a.Name, "targetKeyId": target, "arn": place.ARN("kms", a.Name).String(), "targetKeyArn": service.KeyARN(a.KeyID).String(),
		}
	}
	typ := schema.Type{
		Token: "aws:kms/alias:Alias", Noun: "KMS Alias",
		Inputs: []schema.Property{
			{Name: "name", AutoName: 255, AutoPrefix: "alias/", ForceNew: true, Check: aliasName},
			{Name: "targetKeyId", Required: true, Check: keyReference},
		},
		Outputs:     []schema.Output{{Name: "arn"}, {Name: "targetKeyArn", Follows: []string{"targetKeyId"}}},
		Unsupported: []string{"namePrefix"},
	}
	return &Resource{
		Type: typ,
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			if err := typ.Validate(in); err != nil {
				return "", nil, err
			}
			a := wanted(in)
			return a.Name, live(a, in.String("targetKeyId")), service.CreateAlias(a)
		},
		Read: func(_ context.Context, id string, state schema.Values) (string, map[string]any, error) {
			a, err := service.Alias(id)
			target := a.KeyID
			if given := state.String("targetKeyId"); given == service.KeyARN(a.KeyID).String() {
				target = given // the program named the key by its ARN
			}
			return a.Name, live(a, target), err
		},
		Update: func(_ context.Context, _ string, _, in schema.Values) (map[string]any, error) {
			if err := typ.Validate(in); err != nil {
				return nil, err
			}
			a := wanted(in)
			return live(a, in.String("targetKeyId")), service.UpdateAlias(a)
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.DeleteAlias(id) },
	}
}

var aliasForm = matching("alias/[a-zA-Z0-9/_-]{1,250}", `"alias/" followed by letters, digits, slashes, dashes and underscores`)

// aliasName accepts names of aliases, except for those of AWS's own aliases.
func aliasName(v any) error {
	if strings.HasPrefix(v.(string), "alias/aws/") {
		return fmt.Errorf("must not begin with alias/aws/, as AWS's own aliases do, but is %q", v)
	}
	return aliasForm(v)
}

// keyReference accepts the ID or ARN of a key.
func keyReference(v any) error {
	if id := v.(string); strings.HasPrefix(id, "arn:") {
		return arnOf("kms")(id)
	}
	return nonEmpty(2048)(v)
}
