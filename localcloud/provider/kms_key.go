package provider

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/provider/schema"
	"tally/localcloud/recorded"
)

// kmsKey returns the type of keys. They encrypt nothing: the data of the local
// cloud stay on this machine.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html
func kmsKey(place cloud.Place, principals *iam.Service) recordedType {
	return recordedType{
		Type: schema.Type{
			Token: "aws:kms/key:Key", Noun: "KMS Key",
			Inputs: []schema.Property{
				{Name: "description", Computed: true, Check: length(0, 8192)},
				{Name: "policy", Kind: schema.Policy, Computed: true, Check: keyPolicy},
				{Name: "enableKeyRotation", Kind: schema.Bool, Default: false},
				{Name: "rotationPeriodInDays", Kind: schema.Int, Computed: true, Check: between(90, 2560)},
				{Name: "deletionWindowInDays", Kind: schema.Int, Check: between(7, 30)},
				{Name: "isEnabled", Kind: schema.Bool, Default: true},
				{Name: "keyUsage", Default: encrypt, ForceNew: true, Check: oneOf(encrypt, sign, mac, agree)},
				{Name: "customerMasterKeySpec", Default: symmetric, ForceNew: true, Check: oneOf(
					symmetric, "RSA_2048", "RSA_3072", "RSA_4096", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512",
					"ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1")},
				{Name: "multiRegion", Kind: schema.Bool, Computed: true, ForceNew: true},
				{Name: "bypassPolicyLockoutSafetyCheck", Kind: schema.Bool, Default: false},
				tagged(cloud.CheckTags),
			},
			Outputs:     []schema.Output{{Name: "arn"}, {Name: "keyId"}, schema.TagOutput()},
			Unsupported: []string{"customKeyStoreId", "xksKeyId"},
			Together: func(in schema.Values, fail schema.Fail) {
				checkKeyUsage(in, fail)
				switch rotates := in.Bool("enableKeyRotation"); {
				case rotates && in.Has("customerMasterKeySpec") && in.String("customerMasterKeySpec") != symmetric:
					fail("enableKeyRotation", "only keys of the spec %s can be rotated", symmetric)
				case !rotates && in.Has("enableKeyRotation") && in.Given("rotationPeriodInDays"):
					fail("rotationPeriodInDays", "requires enableKeyRotation")
				}
			},
		},
		id: func(schema.Values) string { return uuid.NewString() },
		needs: func(state, in schema.Values) error {
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
		},
		adds: func(id string, _ time.Time, in schema.Values) map[string]any {
			added := map[string]any{
				"arn": place.ARN("kms", "key/"+id).String(), "keyId": id,
				"description": in.String("description"), "multiRegion": in.Bool("multiRegion"), "policy": in.String("policy"),
			}
			if !in.Has("policy") {
				added["policy"] = defaultPolicyOf(place)
			}
			if in.Bool("enableKeyRotation") && !in.Has("rotationPeriodInDays") {
				added["rotationPeriodInDays"] = 365
			}
			return added
		},
	}
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

// policyOfKey returns the policy of a key, and reports whether the key exists.
func policyOfKey(place cloud.Place, keys *recorded.Service, key cloud.ARN) (policy *iam.Policy, exists bool, err error) {
	r, err := keys.Resource("aws:kms/key:Key", strings.TrimPrefix(key.Resource, "key/"))
	if gone(err) || err == nil && key != place.ARN("kms", "key/"+r.ID) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	document, _ := r.Inputs["policy"].(string)
	policy, err = iam.ParsePolicy(iam.KeyPolicy, cmp.Or(document, defaultPolicyOf(place)))
	return policy, true, err
}

func defaultPolicyOf(place cloud.Place) string { return fmt.Sprintf(defaultKeyPolicy, place.Account) }

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

// defaultKeyPolicy delegates access to the key to the account's IAM policies.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
const defaultKeyPolicy = `{"Id":"key-default-1","Statement":[{"Action":"kms:*","Effect":"Allow",` +
	`"Principal":{"AWS":"arn:aws:iam::%s:root"},"Resource":"*","Sid":"Enable IAM User Permissions"}],"Version":"2012-10-17"}`
