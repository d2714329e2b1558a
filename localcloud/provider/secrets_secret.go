package provider

import (
	"context"
	"maps"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/provider/schema"
	"tally/localcloud/secretsmanager"
)

// secret returns the type of secrets. Their ID is their ARN. Deleting one schedules its
// deletion, unless its recovery window is 0.
//
// https://www.pulumi.com/registry/packages/aws-v6/api-docs/secretsmanager/secret/
func secret(service *secretsmanager.Service, principals *iam.Service) *Resource {
	return &Resource{
		Type: schema.Type{
			Token: "aws:secretsmanager/secret:Secret", Noun: "Secrets Manager Secret",
			Inputs: []schema.Property{
				{Name: "name", AutoName: 255, ForceNew: true, Check: text(secretsmanager.CheckName)},
				{Name: "description", Check: text(secretsmanager.CheckDescription)},
				{Name: "kmsKeyId", Check: text(secretsmanager.CheckKMSKeyID)},
				{Name: "policy", Kind: schema.Policy, Computed: true, Check: resourcePolicy(secretsmanager.CheckPolicy, secretsmanager.RewordPolicyError)},
				{Name: "recoveryWindowInDays", Kind: schema.Int, Default: 30, Check: whole(secretsmanager.CheckRecoveryWindow)},
				{Name: "forceOverwriteReplicaSecret", Kind: schema.Bool, Default: false, Check: off("replicas are not emulated")},
				tagged(secretsmanager.CheckTags),
			},
			Outputs:     []schema.Output{{Name: "arn"}, schema.TagOutput()},
			Unsupported: []string{"namePrefix", "replicas"},
		},
		ID: func(in schema.Values) string { return service.NewARN(in.String("name")) },
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			caller, err := developer(principals)
			if err != nil {
				return "", nil, err
			}
			s, _, err := service.Create(ctx, caller, secretsmanager.Secret{
				ARN: plannedID(ctx), Name: in.String("name"), Description: in.String("description"), KMSKeyID: in.String("kmsKeyId"), Tags: in.Map("tagsAll"),
			}, secretsmanager.Value{}, "")
			if err == nil && in.String("policy") != "" {
				s, err = service.SetPolicy(s.ARN, in.String("policy"), false)
			}
			return s.ARN, liveSecret(s), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			s, err := existing(service, id)
			return s.ARN, liveSecret(s), err
		},
		Update: func(ctx context.Context, id string, state, in schema.Values) (map[string]any, error) {
			s, err := updateSecret(ctx, service, principals, id, state, in)
			return liveSecret(s), err
		},
		Delete: func(_ context.Context, id string, state schema.Values) error {
			if _, err := existing(service, id); err != nil {
				return err
			}
			days := state.Int("recoveryWindowInDays")
			window := &days
			if days == 0 {
				window = nil
			}
			_, err := service.Delete(id, window, days == 0)
			return err
		},
	}
}

// existing returns a secret. One that is scheduled for deletion no longer exists for the
// engine.
func existing(service *secretsmanager.Service, id string) (secretsmanager.Secret, error) {
	s, err := service.Find(id)
	if err == nil && !s.Deletion.IsZero() {
		err = cloud.Errorf(0, "ResourceNotFoundException", "The secret %s is scheduled for deletion.", s.Name)
	}
	return s, err
}

func updateSecret(ctx context.Context, service *secretsmanager.Service, principals *iam.Service, id string, state, in schema.Values) (s secretsmanager.Secret, err error) {
	caller, err := developer(principals)
	if err != nil {
		return s, err
	}
	description, key := in.String("description"), in.String("kmsKeyId")
	if s, _, err = service.Update(ctx, caller, id, &description, &key, secretsmanager.Value{}, ""); err != nil {
		return s, err
	}
	if policy := in.String("policy"); policy != state.String("policy") {
		if s, err = service.SetPolicy(id, policy, false); err != nil {
			return s, err
		}
	}
	tags := in.Map("tagsAll")
	if maps.Equal(s.Tags, tags) {
		return s, nil
	}
	if err := service.ChangeTags(id, tags, removedTags(s.Tags, tags)); err != nil {
		return s, err
	}
	return service.Find(id)
}

func liveSecret(s secretsmanager.Secret) map[string]any {
	return map[string]any{
		"name": s.Name, "description": orNil(s.Description), "kmsKeyId": orNil(s.KMSKeyID), "arn": s.ARN, "tagsAll": s.Tags,
		"policy": s.Policy, // empty, not absent, so that adding one is an update
	}
}
