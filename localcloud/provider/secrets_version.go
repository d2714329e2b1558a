package provider

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/provider/schema"
	"tally/localcloud/secretsmanager"
)

// secretVersion returns the type of the versions of secrets. Their ID is the secret's ID
// in the program, a bar and the version's ID. Secrets Manager keeps a deleted version.
//
// https://www.pulumi.com/registry/packages/aws-v6/api-docs/secretsmanager/secretversion/
func secretVersion(service *secretsmanager.Service, principals *iam.Service) *Resource {
	return &Resource{
		Type: schema.Type{
			Token: "aws:secretsmanager/secretVersion:SecretVersion", Noun: "Secrets Manager Secret Version",
			Inputs: []schema.Property{
				{Name: "secretId", Required: true, ForceNew: true},
				{Name: "secretString", Secret: true, ForceNew: true, Check: text(secretsmanager.CheckString)},
				{Name: "secretBinary", Secret: true, ForceNew: true, Check: text(checkBinary)},
				{Name: "versionStages", Kind: schema.List, Computed: true, Check: texts(secretsmanager.CheckStages)},
			},
			Outputs: []schema.Output{{Name: "arn"}, {Name: "versionId"}},
			Together: func(in schema.Values, fail schema.Fail) {
				if in.Given("secretString") == in.Given("secretBinary") {
					fail("secretString", "one of `secretBinary,secretString` must be specified")
				}
			},
		},
		ID: func(in schema.Values) string { return in.String("secretId") + "|" + uuid.NewString() },
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			caller, err := developer(principals)
			if err != nil {
				return "", nil, err
			}
			value, err := secretValue(in)
			if err != nil {
				return "", nil, err
			}
			id := plannedID(ctx)
			_, version, _ := strings.Cut(id, "|")
			if _, _, err := service.Put(ctx, caller, in.String("secretId"), value, version, in.Strings("versionStages")); err != nil {
				return "", nil, err
			}
			live, err := liveVersion(ctx, service, principals, id, in)
			return id, live, err
		},
		Read: func(ctx context.Context, id string, state schema.Values) (string, map[string]any, error) {
			live, err := liveVersion(ctx, service, principals, id, state)
			return id, live, err
		},
		Update: func(ctx context.Context, id string, state, in schema.Values) (map[string]any, error) {
			if err := moveStages(service, id, state.Strings("versionStages"), in.Strings("versionStages")); err != nil {
				return nil, err
			}
			return liveVersion(ctx, service, principals, id, in)
		},
		Delete: func(_ context.Context, id string, state schema.Values) error {
			return moveStages(service, id, state.Strings("versionStages"), nil)
		},
	}
}

// checkBinary validates base64 of the value of a version.
func checkBinary(s string) error {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return fmt.Errorf("must be base64-encoded: %w", err)
	}
	return secretsmanager.CheckBinary(raw)
}

func secretValue(in schema.Values) (secretsmanager.Value, error) {
	if s := in.String("secretString"); in.Has("secretString") {
		return secretsmanager.Value{String: &s}, nil
	}
	if err := checkBinary(in.String("secretBinary")); err != nil {
		return secretsmanager.Value{}, err
	}
	raw, err := base64.StdEncoding.DecodeString(in.String("secretBinary"))
	return secretsmanager.Value{Binary: raw}, err
}

// splitVersion returns the parts of the ID of a version.
func splitVersion(id string) (secretID, version string, err error) {
	secretID, version, ok := strings.Cut(id, "|")
	if !ok || secretID == "" || version == "" {
		return "", "", fmt.Errorf("unexpected format of ID (%s), expected SecretID|VersionID", id)
	}
	return secretID, version, nil
}

// liveVersion returns a version. like has the stages in the order of the program.
func liveVersion(ctx context.Context, service *secretsmanager.Service, principals *iam.Service, id string, like schema.Values) (map[string]any, error) {
	secretID, version, err := splitVersion(id)
	if err != nil {
		return nil, err
	}
	if _, err := existing(service, secretID); err != nil {
		return nil, err
	}
	caller, err := developer(principals)
	if err != nil {
		return nil, err
	}
	s, v, value, err := service.Get(ctx, caller, secretID, version, "")
	if err != nil {
		return nil, err
	}
	stages := s.StagesOf(v.ID)
	if given := like.Strings("versionStages"); slices.Equal(slices.Sorted(slices.Values(given)), stages) {
		stages = given
	}
	live := map[string]any{"secretId": secretID, "arn": s.ARN, "versionId": v.ID, "versionStages": list(stages), "secretString": nil, "secretBinary": nil}
	if value.String != nil {
		live["secretString"] = *value.String
	} else {
		live["secretBinary"] = base64.StdEncoding.EncodeToString(value.Binary)
	}
	return live, nil
}

// list returns the strings as a list of properties.
func list(all []string) []any {
	out := make([]any, len(all))
	for i, s := range all {
		out[i] = s
	}
	return out
}

// moveStages replaces the stages that a version had in the program with others. Like the
// real provider, it leaves AWSCURRENT, which no version can lose, and what other versions
// have received meanwhile.
func moveStages(service *secretsmanager.Service, id string, had, want []string) error {
	secretID, version, err := splitVersion(id)
	if err != nil {
		return err
	}
	s, err := existing(service, secretID)
	if err != nil {
		return err
	}
	for _, stage := range want {
		if !slices.Contains(s.StagesOf(version), stage) {
			if s, err = service.MoveStage(secretID, stage, s.Stages[stage], version); err != nil {
				return err
			}
		}
	}
	for _, stage := range had {
		if slices.Contains(want, stage) || stage == secretsmanager.Current || s.Stages[stage] != version {
			continue
		}
		if s, err = service.MoveStage(secretID, stage, version, ""); err != nil {
			return err
		}
	}
	return nil
}

// getSecret returns a secret by its ARN or name.
func getSecret(service *secretsmanager.Service) function {
	return func(args schema.Values) (map[string]any, error) {
		if args.Has("arn") == args.Has("name") {
			return nil, cloud.Errorf(0, "ValidationException", "one of `arn,name` must be specified")
		}
		s, err := existing(service, args.String("arn")+args.String("name"))
		if err != nil {
			return nil, err
		}
		return map[string]any{
			"id": s.ARN, "arn": s.ARN, "name": s.Name, "description": s.Description, "kmsKeyId": s.KMSKeyID, "policy": s.Policy, "tags": s.Tags,
			"createdDate": s.Created.Format(time.RFC3339), "lastChangedDate": s.Changed.Format(time.RFC3339),
		}, nil
	}
}

// getSecretVersion returns the value of a version. As with the real provider, the program
// must mark the value as secret.
func getSecretVersion(service *secretsmanager.Service, principals *iam.Service) function {
	return func(args schema.Values) (map[string]any, error) {
		caller, err := developer(principals)
		if err != nil {
			return nil, err
		}
		stage := args.String("versionStage")
		s, v, value, err := service.Get(context.Background(), caller, args.String("secretId"), args.String("versionId"), stage)
		if err != nil {
			return nil, err
		}
		out := map[string]any{
			"id": args.String("secretId") + "|" + v.ID, "arn": s.ARN, "secretId": args.String("secretId"), "versionId": v.ID, "versionStages": list(s.StagesOf(v.ID)),
			"versionStage": orNil(stage), "createdDate": v.Created.Format(time.RFC3339), "secretString": "", "secretBinary": "",
		}
		if value.String != nil {
			out["secretString"] = *value.String
		} else {
			out["secretBinary"] = base64.StdEncoding.EncodeToString(value.Binary)
		}
		return out, nil
	}
}
