package provider

import (
	"context"
	"maps"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/provider/schema"
	"tally/localcloud/ssm"
)

// parameter returns the type of parameters. Their ID is their name. The value is secret in
// the engine's state, whatever the type of the parameter.
//
// https://www.pulumi.com/registry/packages/aws-v6/api-docs/ssm/parameter/
func parameter(place cloud.Place, service *ssm.Service, principals *iam.Service) *Resource {
	typ := schema.Type{
		Token: "aws:ssm/parameter:Parameter", Noun: "SSM Parameter",
		Inputs: []schema.Property{
			{Name: "name", AutoName: 255, ForceNew: true, Check: text(func(name string) error { return ssm.CheckName(place, name) })},
			{Name: "type", Required: true, Check: text(ssm.CheckType)},
			{Name: "value", Secret: true},
			{Name: "insecureValue"},
			{Name: "description", Check: text(ssm.CheckDescription)},
			{Name: "allowedPattern", Check: text(ssm.CheckAllowedPattern)},
			{Name: "dataType", Computed: true, ForceNew: true, Check: text(ssm.CheckDataType)},
			{Name: "keyId", Computed: true, Check: text(ssm.CheckKeyID)},
			{Name: "tier", Computed: true, Check: text(ssm.CheckTier)},
			{Name: "overwrite", Kind: schema.Bool},
			tagged(ssm.CheckTags),
		},
		Outputs: []schema.Output{
			{Name: "arn"}, schema.TagOutput(),
			{Name: "version", Follows: []string{"type", "value", "insecureValue", "description", "allowedPattern", "keyId", "tier"}},
		},
		Unsupported: []string{"arn"}, // as an input: AWS sets it
		Together:    checkParameter,
	}
	return &Resource{
		Type: typ,
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			wanted := parameterInput(in)
			wanted.Overwrite, wanted.Tags = in.Bool("overwrite"), in.Map("tagsAll")
			if wanted.Overwrite {
				wanted.Tags = nil // Parameter Store refuses both at once
			}
			live, err := putParameter(ctx, service, principals, in, wanted)
			return wanted.Name, live, err
		},
		Read: func(ctx context.Context, id string, state schema.Values) (string, map[string]any, error) {
			live, err := liveParameter(ctx, service, principals, id, state)
			if err != nil {
				return "", nil, err
			}
			return live["name"].(string), live, nil
		},
		Update: func(ctx context.Context, id string, state, in schema.Values) (map[string]any, error) {
			wanted := parameterInput(in)
			wanted.Name, wanted.Overwrite = id, !in.Has("overwrite") || in.Bool("overwrite")
			if sameParameter(parameterInput(state), wanted) {
				return retagParameter(ctx, service, principals, id, in)
			}
			return putParameter(ctx, service, principals, in, wanted)
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.Delete(id) },
	}
}

// sameParameter reports whether two requests make the same version.
func sameParameter(a, b ssm.Input) bool {
	return a.Value == b.Value && a.Type == b.Type && a.Tier == b.Tier && a.KeyID == b.KeyID && *a.Description == *b.Description && *a.AllowedPattern == *b.AllowedPattern
}

func parameterInput(in schema.Values) ssm.Input {
	description, pattern := in.String("description"), in.String("allowedPattern")
	wanted := ssm.Input{
		Name: in.String("name"), Value: in.String("value"), Type: in.String("type"), Tier: in.String("tier"), DataType: in.String("dataType"),
		Description: &description, AllowedPattern: &pattern,
	}
	if in.Has("insecureValue") {
		wanted.Value = in.String("insecureValue")
	}
	if wanted.Type == ssm.SecureString {
		wanted.KeyID = in.String("keyId")
	}
	return wanted
}

// putParameter puts a parameter and sets its tags.
func putParameter(ctx context.Context, service *ssm.Service, principals *iam.Service, in schema.Values, wanted ssm.Input) (map[string]any, error) {
	caller, err := developer(principals)
	if err != nil {
		return nil, err
	}
	if _, err := service.Put(ctx, caller, wanted); err != nil {
		return nil, err
	}
	return retagParameter(ctx, service, principals, wanted.Name, in)
}

// retagParameter replaces the tags of a parameter, and returns it.
func retagParameter(ctx context.Context, service *ssm.Service, principals *iam.Service, name string, in schema.Values) (map[string]any, error) {
	old, err := service.Tags(name)
	if err != nil {
		return nil, err
	}
	if tags := in.Map("tagsAll"); !maps.Equal(old, tags) {
		if err := service.ChangeTags(name, tags, removedTags(old, tags)); err != nil {
			return nil, err
		}
	}
	return liveParameter(ctx, service, principals, name, in)
}

// liveParameter returns a parameter. like decides in which property the value is, and
// whether the tier is the one that was requested.
func liveParameter(ctx context.Context, service *ssm.Service, principals *iam.Service, name string, like schema.Values) (map[string]any, error) {
	caller, err := developer(principals)
	if err != nil {
		return nil, err
	}
	p, err := service.Get(ctx, caller, name, true)
	if err != nil {
		return nil, err
	}
	tags, err := service.Tags(p.Name)
	if err != nil {
		return nil, err
	}
	live := map[string]any{
		"name": p.Name, "type": p.Type, "value": p.Value, "insecureValue": nil, "description": orNil(p.Description), "allowedPattern": orNil(p.AllowedPattern),
		"dataType": p.DataType, "keyId": p.KeyID, "tier": p.Tier, "arn": p.ARN, "version": p.Version, "tagsAll": tags,
	}
	if like.Has("insecureValue") && p.Type != ssm.SecureString {
		live["value"], live["insecureValue"] = nil, p.Value
	}
	if tier := like.String("tier"); tier == "Intelligent-Tiering" {
		live["tier"] = tier // which AWS replaces by the one that it chose
	}
	return live, nil
}

// checkParameter refuses values that Parameter Store or the real provider would refuse.
func checkParameter(in schema.Values, fail schema.Fail) {
	secure := in.String("type") == ssm.SecureString
	switch {
	case in.Given("value") == in.Given("insecureValue"):
		fail("value", "one of `insecureValue,value` must be specified")
	case secure && in.Given("insecureValue"):
		fail("insecureValue", "invalid configuration, cannot set type = %s and insecureValue", ssm.SecureString)
	case !secure && in.Has("type") && in.Given("keyId"):
		fail("keyId", "KeyId is required for SecureString type parameter only.")
	}
	for _, name := range []string{"value", "insecureValue"} {
		if !in.Has(name) || in.Given("tier") && !in.Has("tier") || in.Given("allowedPattern") && !in.Has("allowedPattern") {
			continue
		}
		if err := ssm.CheckValue(in.String(name), in.String("tier"), in.String("allowedPattern")); err != nil {
			fail(name, "%s", err)
		}
	}
}

// developer returns the caller of deployments.
func developer(principals *iam.Service) (cloud.Caller, error) {
	c, err := principals.Credentials(iam.DeveloperKey)
	return c.Caller, err
}

// getParameter returns the latest version of a parameter. As with the real provider, the
// program must mark the value as secret.
func getParameter(service *ssm.Service, principals *iam.Service) function {
	return func(args schema.Values) (map[string]any, error) {
		caller, err := developer(principals)
		if err != nil {
			return nil, err
		}
		decrypt := !args.Has("withDecryption") || args.Bool("withDecryption")
		p, err := service.Get(context.Background(), caller, args.String("name"), decrypt)
		if err != nil {
			return nil, err
		}
		insecure := ""
		if p.Type != ssm.SecureString {
			insecure = p.Value
		}
		return map[string]any{
			"id": p.Name, "name": p.Name, "arn": p.ARN, "type": p.Type, "value": p.Value, "insecureValue": insecure, "version": p.Version, "withDecryption": decrypt,
		}, nil
	}
}
