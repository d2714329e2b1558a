package provider

import (
	"context"

	"tally/localcloud/iam"
	"tally/localcloud/provider/schema"
)

// managedPolicy returns the type of customer managed policies. Their ID is their
// ARN.
func managedPolicy(service *iam.Service) *Resource {
	live := func(p iam.ManagedPolicy) map[string]any {
		arn := service.PolicyARN(p)
		return map[string]any{
			"name": p.Name, "path": p.Path, "description": orNil(p.Description), "policy": p.Document, "tagsAll": p.Tags,
			"arn": arn, "policyId": p.ID, "attachmentCount": service.Attachments(arn),
		}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:iam/policy:Policy", Noun: "IAM Policy",
			Inputs: []schema.Property{
				{Name: "name", AutoName: 128, ForceNew: true, Check: text(iam.CheckPolicyName)},
				{Name: "path", Default: "/", ForceNew: true, Check: text(iam.CheckPath)},
				{Name: "description", ForceNew: true, Check: text(iam.CheckDescription)},
				{Name: "policy", Kind: schema.Policy, Required: true, Check: text(iam.CheckDocument)},
				tagged(iam.CheckTags),
			},
			Outputs:     []schema.Output{{Name: "arn"}, {Name: "policyId"}, {Name: "attachmentCount"}, schema.TagOutput()},
			Unsupported: []string{"namePrefix"},
		},
		ID: func(in schema.Values) string {
			return service.PolicyARN(iam.ManagedPolicy{Name: in.String("name"), Path: in.String("path")})
		},
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			p, err := service.CreatePolicy(iam.ManagedPolicy{
				Name: in.String("name"), Path: in.String("path"), Description: in.String("description"),
				Document: in.String("policy"), Tags: in.Map("tagsAll"),
			})
			return service.PolicyARN(p), live(p), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			p, err := service.Policy(id)
			return service.PolicyARN(p), live(p), err
		},
		Update: func(_ context.Context, id string, _, in schema.Values) (map[string]any, error) {
			p, err := service.UpdatePolicy(id, in.String("policy"), in.Map("tagsAll"))
			return live(p), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.DeletePolicy(id) },
	}
}
