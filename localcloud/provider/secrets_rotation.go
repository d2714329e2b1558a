package provider

import (
	"context"
	"reflect"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/provider/schema"
	"tally/localcloud/secretsmanager"
)

// permissionWait is how long the creation of a rotation waits for the permission to invoke the
// function, which the engine may create at the same time. The real provider waits for a minute.
const permissionWait = time.Second

// secretRotation returns the type of the rotations of secrets. Their ID is the ARN of the
// secret. Deleting one turns off the rotation, whose function and rules Secrets Manager
// keeps.
//
// https://www.pulumi.com/registry/packages/aws-v6/api-docs/secretsmanager/secretrotation/
func secretRotation(service *secretsmanager.Service, principals *iam.Service) *Resource {
	rotate := func(ctx context.Context, in schema.Values) (secretsmanager.Secret, error) {
		caller, err := developer(principals)
		if err != nil {
			return secretsmanager.Secret{}, err
		}
		rules := rotationRules(in)
		request := secretsmanager.RotateRequest{Token: uuid.NewString(), Function: in.String("rotationLambdaArn"), Rules: &rules, Later: !in.Bool("rotateImmediately")}
		for deadline := time.Now().Add(permissionWait); ; {
			s, err := service.Rotate(ctx, caller, in.String("secretId"), request)
			if cloud.ErrorCode(err) != "AccessDeniedException" || time.Now().After(deadline) || ctx.Err() != nil {
				return s, err
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:secretsmanager/secretRotation:SecretRotation", Noun: "Secrets Manager Secret Rotation",
			Inputs: []schema.Property{
				{Name: "secretId", Required: true, ForceNew: true},
				{Name: "rotateImmediately", Kind: schema.Bool, Default: true},
				{Name: "rotationLambdaArn", Check: text(secretsmanager.CheckFunction)},
				{Name: "rotationRules", Kind: schema.Object, Required: true, Properties: []schema.Property{
					{Name: "automaticallyAfterDays", Kind: schema.Int, Check: whole(secretsmanager.CheckDays)},
					{Name: "duration", Check: text(secretsmanager.CheckDuration)},
					{Name: "scheduleExpression", Check: text(secretsmanager.CheckSchedule)},
				}},
			},
			Outputs: []schema.Output{{Name: "rotationEnabled", Follows: []string{"rotationLambdaArn", "rotationRules"}}},
			Together: func(in schema.Values, fail schema.Fail) {
				rules := in.Object("rotationRules")
				for _, name := range []string{"automaticallyAfterDays", "duration", "scheduleExpression"} {
					if rules.Given(name) != rules.Has(name) {
						return // not known yet
					}
				}
				if err := secretsmanager.CheckRules(rotationRules(in)); in.Has("rotationRules") && err != nil {
					fail("rotationRules", "%s", err)
				}
			},
		},
		ID: func(in schema.Values) string { return service.ARN(in.String("secretId")) },
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			s, err := rotate(ctx, in)
			return s.ARN, liveRotation(s), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			s, err := existing(service, id)
			if err == nil && s.Rotation.Function == "" {
				err = cloud.Errorf(0, "ResourceNotFoundException", "Rotation has never been turned on for the secret %s.", s.Name)
			}
			return s.ARN, liveRotation(s), err
		},
		Update: func(ctx context.Context, id string, state, in schema.Values) (map[string]any, error) {
			if state.String("rotationLambdaArn") != in.String("rotationLambdaArn") || !reflect.DeepEqual(state.Any("rotationRules"), in.Any("rotationRules")) {
				s, err := rotate(ctx, in)
				return liveRotation(s), err
			}
			s, err := existing(service, id)
			return liveRotation(s), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error {
			_, _, err := service.CancelRotation(id)
			return err
		},
	}
}

func rotationRules(in schema.Values) secretsmanager.Rules {
	rules := in.Object("rotationRules")
	return secretsmanager.Rules{Days: rules.Int("automaticallyAfterDays"), Schedule: rules.String("scheduleExpression"), Duration: rules.String("duration")}
}

// liveRotation returns the rotation of a secret. Like the real provider, it hides the
// function and the rules of one that is turned off.
func liveRotation(s secretsmanager.Secret) map[string]any {
	live := map[string]any{"secretId": s.ARN, "rotationEnabled": s.Rotation.Enabled, "rotationLambdaArn": nil, "rotationRules": nil}
	if s.Rotation.Enabled {
		rules := s.Rotation.Rules
		live["rotationLambdaArn"] = s.Rotation.Function
		live["rotationRules"] = map[string]any{"automaticallyAfterDays": orNil(rules.Days), "duration": orNil(rules.Duration), "scheduleExpression": orNil(rules.Schedule)}
	}
	return live
}
