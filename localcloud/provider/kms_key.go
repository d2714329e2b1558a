package provider

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/kms"
	"tally/localcloud/provider/schema"
)

// kmsKey returns the type of keys. Deleting one schedules its deletion: until then, it
// cannot be used.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html
func kmsKey(place cloud.Place, service *kms.Service, principals *iam.Service) *Resource {
	typ := schema.Type{
		Token: "aws:kms/key:Key", Noun: "KMS Key",
		Inputs: []schema.Property{
			{Name: "description", Computed: true, Check: length(0, 8192)},
			{Name: "policy", Kind: schema.Policy, Computed: true, Check: keyPolicy},
			{Name: "enableKeyRotation", Kind: schema.Bool, Default: false, Recorded: true},
			{Name: "rotationPeriodInDays", Kind: schema.Int, Computed: true, Recorded: true, Check: between(90, 2560)},
			{Name: "deletionWindowInDays", Kind: schema.Int, Check: between(7, 30)},
			{Name: "isEnabled", Kind: schema.Bool, Default: true},
			{Name: "keyUsage", Default: encrypt, ForceNew: true, Check: oneOf(encrypt, sign, mac, agree)},
			{Name: "customerMasterKeySpec", Default: symmetric, ForceNew: true, Check: oneOf(
				symmetric, "RSA_2048", "RSA_3072", "RSA_4096", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512",
				"ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1")},
			{Name: "multiRegion", Kind: schema.Bool, Computed: true, ForceNew: true, Recorded: true},
			{Name: "bypassPolicyLockoutSafetyCheck", Kind: schema.Bool, Default: false},
			tagged(cloud.CheckTags),
		},
		Outputs:     []schema.Output{{Name: "arn"}, {Name: "keyId"}, schema.TagOutput()},
		Unsupported: []string{"customKeyStoreId", "xksKeyId"},
		Together:    checkKey,
	}
	check := func(state, in schema.Values) error {
		if err := typ.Validate(in); err != nil {
			return err
		}
		return checkNewKeyPolicy(place, principals, state, in)
	}
	return &Resource{
		Type: typ,
		ID:   func(schema.Values) string { return uuid.NewString() },
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			if err := check(schema.Values{}, in); err != nil {
				return "", nil, err
			}
			k, err := service.CreateKey(keyOf(plannedID(ctx), in))
			return k.ID, liveKey(service, k), err
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			k, err := service.Key(id)
			return k.ID, liveKey(service, k), err
		},
		Update: func(_ context.Context, id string, state, in schema.Values) (map[string]any, error) {
			if err := check(state, in); err != nil {
				return nil, err
			}
			k, err := service.UpdateKey(keyOf(id, in))
			return liveKey(service, k), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.ScheduleKeyDeletion(id) },
	}
}

func keyOf(id string, in schema.Values) kms.Key {
	const defaultRotation = 365 // days
	k := kms.Key{
		ID: id, Description: in.String("description"), Policy: in.String("policy"), Disabled: !in.Bool("isEnabled"),
		Spec: in.String("customerMasterKeySpec"), Usage: in.String("keyUsage"), MultiRegion: in.Bool("multiRegion"), DeletionDays: in.Int("deletionWindowInDays"),
		BypassLockoutCheck: in.Bool("bypassPolicyLockoutSafetyCheck"), Tags: in.Map("tagsAll"),
	}
	if in.Bool("enableKeyRotation") {
		k.RotationDays = cmp.Or(in.Int("rotationPeriodInDays"), defaultRotation)
	}
	return k
}

func liveKey(service *kms.Service, k kms.Key) map[string]any {
	return map[string]any{
		"description": k.Description, "policy": k.Policy, "enableKeyRotation": k.RotationDays > 0, "rotationPeriodInDays": orNil(k.RotationDays),
		"isEnabled": !k.Disabled, "keyUsage": k.Usage, "customerMasterKeySpec": k.Spec, "multiRegion": k.MultiRegion, "tagsAll": k.Tags,
		"deletionWindowInDays": orNil(k.DeletionDays), "bypassPolicyLockoutSafetyCheck": k.BypassLockoutCheck,
		"arn": service.KeyARN(k.ID).String(), "keyId": k.ID,
	}
}

// checkKey refuses values that do not go together.
func checkKey(in schema.Values, fail schema.Fail) {
	checkKeyUsage(in, fail)
	switch rotates := in.Bool("enableKeyRotation"); {
	case rotates && in.Has("customerMasterKeySpec") && in.String("customerMasterKeySpec") != symmetric:
		fail("enableKeyRotation", "only keys of the spec %s can be rotated", symmetric)
	case !rotates && in.Has("enableKeyRotation") && in.Given("rotationPeriodInDays"):
		fail("rotationPeriodInDays", "requires enableKeyRotation")
	}
}

// checkNewKeyPolicy checks a policy that differs from the one in the state.
func checkNewKeyPolicy(place cloud.Place, principals *iam.Service, state, in schema.Values) error {
	policy := in.String("policy")
	if policy == "" || policy == state.String("policy") {
		return nil
	}
	if err := principals.CheckKeyPolicy(policy); err != nil {
		return rewordKeyPolicyError(err)
	}
	if !in.Bool("bypassPolicyLockoutSafetyCheck") {
		return checkLockout(place, policy)
	}
	return nil
}

// keyPolicy accepts valid policies of keys.
func keyPolicy(v any) error { return rewordKeyPolicyError(policyOf(iam.KeyPolicy)(v)) }

// rewordKeyPolicyError returns the error of KMS for an error of IAM about a policy.
// What follows in parentheses is added here.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html#API_CreateKey_Errors
// https://github.com/wandb/terraform-aws-wandb/issues/205
func rewordKeyPolicyError(err error) error {
	return cloud.RewordPolicyError(err, func(p *cloud.PolicyError) error {
		const code = "MalformedPolicyDocumentException"
		if p.Principal {
			return cloud.Errorf(http.StatusBadRequest, code, "Policy contains a statement with one or more invalid principals. (%s)", p.Detail)
		}
		return cloud.Errorf(http.StatusBadRequest, code, "%s", p.Refusal.Message)
	})
}

// checkLockout refuses a policy that would allow no identity of the account to change it
// later. AWS refuses it if it does not allow whoever deploys it, who is unknown here.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html
func checkLockout(place cloud.Place, document string) error {
	policy, err := iam.ParsePolicy(iam.KeyPolicy, document)
	if err != nil {
		return err
	}
	if !iam.AllowsIdentity(policy, place.Account, "kms:PutKeyPolicy") {
		return cloud.Errorf(http.StatusBadRequest, "MalformedPolicyDocumentException",
			"The new key policy will not allow you to update the key policy in the future. (allow arn:aws:iam::%s:root the action kms:*)", place.Account)
	}
	return nil
}

const symmetric = "SYMMETRIC_DEFAULT"

// The usages of keys.
const (
	encrypt = "ENCRYPT_DECRYPT"
	sign    = "SIGN_VERIFY"
	mac     = "GENERATE_VERIFY_MAC"
	agree   = "KEY_AGREEMENT"
)

// keyUsages returns the usages that keys of a spec can have.
func keyUsages(spec string) []string {
	switch kind, _, _ := strings.Cut(spec, "_"); {
	case kind == "RSA":
		return []string{encrypt, sign}
	case kind == "HMAC":
		return []string{mac}
	case spec == "ECC_SECG_P256K1":
		return []string{sign}
	case kind == "ECC":
		return []string{sign, agree}
	}
	return []string{encrypt}
}

// checkKeyUsage refuses a usage that keys of the given spec cannot have.
func checkKeyUsage(in schema.Values, fail schema.Fail) {
	spec, usage := in.String("customerMasterKeySpec"), in.String("keyUsage")
	if spec == "" || usage == "" {
		return // not known yet
	}
	if usages := keyUsages(spec); !slices.Contains(usages, usage) {
		fail("keyUsage", "keys of the spec %s can have %s, not %s", spec, strings.Join(usages, " or "), usage)
	}
}
