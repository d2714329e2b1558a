package provider

import (
	"context"
	"time"

	"tally/localcloud/iam"
	"tally/localcloud/provider/schema"
)

func role(service *iam.Service) *Resource {
	// live reports the attached managed policies if the program lists them.
	// Otherwise they belong to role policy attachments.
	live := func(r iam.Role, exclusive bool) map[string]any {
		var managed any
		if exclusive {
			managed = r.Managed
		}
		return map[string]any{
			"name": r.Name, "path": r.Path, "description": orNil(r.Description), "assumeRolePolicy": r.AssumeRolePolicy,
			"maxSessionDuration": r.MaxSessionSeconds, "permissionsBoundary": orNil(r.PermissionsBoundary),
			"managedPolicyArns": managed, "tagsAll": r.Tags,
			"arn": service.RoleARN(r).String(), "uniqueId": r.ID, "createDate": r.Created.UTC().Format(time.RFC3339),
		}
	}
	wanted := func(in schema.Values) iam.Role {
		return iam.Role{
			Name: in.String("name"), Path: in.String("path"), Description: in.String("description"),
			AssumeRolePolicy: in.String("assumeRolePolicy"), MaxSessionSeconds: in.Int("maxSessionDuration"),
			PermissionsBoundary: in.String("permissionsBoundary"), Tags: in.Map("tagsAll"),
		}
	}
	return &Resource{
		Type: roleType(),
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			r, err := service.CreateRole(wanted(in))
			if err == nil {
				r, err = attachPolicies(service, r, in)
			}
			return r.Name, live(r, in.Has("managedPolicyArns")), err
		},
		Read: func(_ context.Context, id string, state schema.Values) (string, map[string]any, error) {
			r, err := service.Role(id)
			imported := !state.Has("arn")
			return r.Name, live(r, imported || state.Has("managedPolicyArns")), err
		},
		Update: func(_ context.Context, _ string, _, in schema.Values) (map[string]any, error) {
			r, err := service.UpdateRole(wanted(in))
			if err == nil {
				r, err = attachPolicies(service, r, in)
			}
			return live(r, in.Has("managedPolicyArns")), err
		},
		Delete: func(_ context.Context, id string, state schema.Values) error {
			for _, arn := range state.Strings("managedPolicyArns") {
				if err := service.DetachRolePolicy(id, arn); err != nil && !gone(err) {
					return err
				}
			}
			return service.DeleteRole(id)
		},
	}
}

func roleType() schema.Type {
	return schema.Type{
		Token: "aws:iam/role:Role", Noun: "IAM Role",
		Inputs: []schema.Property{
			{Name: "name", AutoName: 64, ForceNew: true, Check: text(iam.CheckRoleName)},
			{Name: "path", Default: "/", ForceNew: true, Check: text(iam.CheckPath)},
			{Name: "description", Check: text(iam.CheckDescription)},
			{Name: "assumeRolePolicy", Kind: schema.Policy, Required: true, Check: text(iam.CheckTrustPolicy)},
			{Name: "maxSessionDuration", Kind: schema.Int, Default: 3600, Check: whole(iam.CheckSessionSeconds)},
			{Name: "forceDetachPolicies", Kind: schema.Bool, Default: false, Check: off("the local cloud does not detach policies that were attached outside of the program")},
			{Name: "managedPolicyArns", Kind: schema.List, Check: texts(iam.CheckManagedPolicies)},
			{Name: "permissionsBoundary", Check: text(iam.CheckBoundary)},
			tagged(iam.CheckTags),
		},
		Outputs:     []schema.Output{{Name: "arn"}, {Name: "uniqueId"}, {Name: "createDate"}, schema.TagOutput()},
		Unsupported: []string{"inlinePolicies", "namePrefix"},
	}
}

// attachPolicies replaces the attached policies with those that the program
// lists, in the same order.
func attachPolicies(service *iam.Service, r iam.Role, in schema.Values) (iam.Role, error) {
	if !in.Has("managedPolicyArns") {
		return r, nil
	}
	for _, arn := range r.Managed {
		if err := service.DetachRolePolicy(r.Name, arn); err != nil {
			return r, err
		}
	}
	for _, arn := range in.Strings("managedPolicyArns") {
		if err := service.AttachRolePolicy(r.Name, arn); err != nil {
			return r, err
		}
	}
	return service.Role(r.Name)
}
