package provider

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/provider/schema"
)

// rolePolicyAttachment returns the type of the attachments of managed policies to
// roles. Their ID is "role/policyArn", as in imports of the real provider.
func rolePolicyAttachment(service *iam.Service) *Resource {
	live := func(role, policy string) map[string]any {
		return map[string]any{"role": role, "policyArn": policy}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:iam/rolePolicyAttachment:RolePolicyAttachment", Noun: "IAM Role Policy Attachment",
			Inputs: []schema.Property{
				{Name: "policyArn", Required: true, ForceNew: true, Check: text(iam.CheckManagedPolicy)},
				{Name: "role", Required: true, ForceNew: true, Check: text(iam.CheckRoleName)},
			},
			DeleteBeforeReplace: true,
		},
		ID: func(in schema.Values) string { return in.String("role") + "/" + in.String("policyArn") },
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			role, policy := in.String("role"), in.String("policyArn")
			err := service.AttachRolePolicy(role, policy)
			return role + "/" + policy, live(role, policy), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			role, policy, ok := strings.Cut(id, "/")
			if !ok {
				return "", nil, fmt.Errorf("the ID of a role policy attachment is \"role/policyArn\", not %q", id)
			}
			r, err := service.Role(role)
			if err != nil {
				return "", nil, err
			}
			if !slices.Contains(r.Managed, policy) {
				return "", nil, cloud.Errorf(http.StatusNotFound, "NoSuchEntity", "Policy %s was not found.", policy)
			}
			return id, live(r.Name, policy), nil
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error {
			role, policy, _ := strings.Cut(id, "/")
			return service.DetachRolePolicy(role, policy)
		},
	}
}
