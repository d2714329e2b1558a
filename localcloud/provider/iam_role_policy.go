package provider

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/provider/schema"
)

// rolePolicy returns the type of the inline policies of roles. Their ID is
// "role:name".
func rolePolicy(service *iam.Service) *Resource {
	put := func(in schema.Values) (string, map[string]any, error) {
		role, name, policy := in.String("role"), in.String("name"), in.String("policy")
		err := service.PutRolePolicy(role, name, policy)
		return role + ":" + name, map[string]any{"role": role, "name": name, "policy": policy}, err
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:iam/rolePolicy:RolePolicy", Noun: "IAM Role Policy",
			Inputs: []schema.Property{
				{Name: "name", AutoName: 128, ForceNew: true, Check: text(iam.CheckPolicyName)},
				{Name: "policy", Kind: schema.Policy, Required: true, Check: text(iam.CheckInlinePolicy)},
				{Name: "role", Required: true, ForceNew: true, Check: text(iam.CheckRoleName)},
			},
			Unsupported: []string{"namePrefix"},
		},
		ID:     func(in schema.Values) string { return in.String("role") + ":" + in.String("name") },
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) { return put(in) },
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			role, name, ok := strings.Cut(id, ":")
			if !ok {
				return "", nil, fmt.Errorf("the ID of a role policy is \"role:policy\", not %q", id)
			}
			r, err := service.Role(role)
			if err != nil {
				return "", nil, err
			}
			policy, ok := r.Inline[name]
			if !ok {
				return "", nil, cloud.Errorf(http.StatusNotFound, "NoSuchEntity", "The role policy with name %s cannot be found.", name)
			}
			return id, map[string]any{"role": r.Name, "name": name, "policy": policy}, nil
		},
		Update: func(_ context.Context, _ string, _, in schema.Values) (map[string]any, error) {
			_, live, err := put(in)
			return live, err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error {
			role, name, _ := strings.Cut(id, ":")
			return service.DeleteRolePolicy(role, name)
		},
	}
}
