package kms

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
)

const (
	symmetric = "SYMMETRIC_DEFAULT"
	encrypt   = "ENCRYPT_DECRYPT"
)

// EncryptWith implements [cloud.Keys]. A service reuses a data key for some minutes, so
// on AWS a permission that was withdrawn can remain in effect for that long; here, each
// call is checked.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
func (s *Service) EncryptWith(ctx context.Context, key string, caller cloud.Caller, resource cloud.ARN) error {
	return s.use(ctx, key, caller, resource, "GenerateDataKey", "Decrypt")
}

// EncryptValueWith implements [cloud.Keys].
func (s *Service) EncryptValueWith(ctx context.Context, key string, caller cloud.Caller, resource cloud.ARN) error {
	return s.use(ctx, key, caller, resource, "Encrypt")
}

// DecryptWith implements [cloud.Keys].
func (s *Service) DecryptWith(ctx context.Context, key string, caller cloud.Caller, resource cloud.ARN) error {
	return s.use(ctx, key, caller, resource, "Decrypt")
}

// GrantWith implements [cloud.Keys].
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html#dynamodb-customer-cmk-policy
func (s *Service) GrantWith(ctx context.Context, key string, caller cloud.Caller, resource cloud.ARN) error {
	return s.use(ctx, key, caller, resource, "Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo",
		"GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant")
}

// CheckKey implements [cloud.Keys].
func (s *Service) CheckKey(key string) error {
	k, err := s.find(key)
	if err != nil || k.ID == "" {
		return err
	}
	return s.usable(k, "GenerateDataKey")
}

// use checks that the caller may perform the operations with the key. KMS checks
// permissions before the state of the key.
func (s *Service) use(ctx context.Context, key string, caller cloud.Caller, resource cloud.ARN, operations ...string) error {
	k, err := s.find(key)
	if err != nil {
		return err
	}
	arn := key // of a key elsewhere, whose policy is not known
	if k.ID != "" {
		arn = s.KeyARN(k.ID).String()
	} else if caller.Service != "" {
		return nil
	}
	for _, operation := range operations {
		// The client's condition keys, such as its address, belong to its request to
		// the service, not to the service's request to KMS.
		err := s.authorizer.Authorize(cloud.WithConditionKeys(ctx, nil), cloud.Request{
			Caller: caller, Action: "kms:" + operation, Resource: arn, ResourcePolicy: k.Policy, Context: s.conditionKeys(k, operation, caller, resource),
		})
		if err != nil {
			return reword(err, operation)
		}
		if err := s.usable(k, operation); err != nil {
			return err
		}
	}
	return nil
}

// reword returns the error of a refused operation. KMS does not name the key that a
// caller may not use to decrypt; what follows in parentheses is added here.
//
// https://github.com/aws/aws-cdk/issues/24337
func reword(err error, operation string) error {
	if operation != "Decrypt" || cloud.ErrorCode(err) != "AccessDeniedException" {
		return err
	}
	message := strings.TrimPrefix(err.Error(), "AccessDeniedException: ")
	return refusal("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, "+
		"does not exist in this region, or you are not allowed to access. (%s)", message)
}

// usable checks that the state and the usage of a key permit the operation. Nothing is
// known of a key elsewhere.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
func (s *Service) usable(k Key, operation string) error {
	switch arn := s.KeyARN(k.ID); {
	case k.ID == "":
		return nil
	case !k.DeletedAt.IsZero():
		return refusal("KMSInvalidStateException", "%s is pending deletion.", arn)
	case k.Disabled:
		return refusal("DisabledException", "%s is disabled.", arn)
	case k.Usage != encrypt || k.Spec != symmetric:
		return refusal("InvalidKeyUsageException", "%s key usage is %s which is not valid for %s with the key spec %s.", arn, k.Usage, operation, k.Spec)
	}
	return nil
}

// conditionKeys returns the condition keys of a service's request to KMS on behalf of the
// caller. Each service uses one encryption context. Of a service's own request, AWS
// documents no kms:CallerAccount: with it, the policies of AWS's own keys would let
// CloudWatch use the key of SNS, which it cannot.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
func (s *Service) conditionKeys(k Key, operation string, caller cloud.Caller, resource cloud.ARN) map[string][]string {
	keys := map[string][]string{
		"kms:KeyOrigin": {"AWS_KMS"},
		"kms:KeySpec":   {k.Spec}, "kms:CustomerMasterKeySpec": {k.Spec},
		"kms:KeyUsage": {k.Usage}, "kms:CustomerMasterKeyUsage": {k.Usage},
		"kms:MultiRegion": {strconv.FormatBool(k.MultiRegion)},
	}
	if caller.Service == "" {
		keys["kms:CallerAccount"] = []string{s.place.Account}
	}
	if !strings.HasPrefix(caller.Service, resource.Service+".") {
		// A request by the service for itself is via no service.
		keys["kms:ViaService"] = []string{resource.Service + "." + s.place.Region + ".amazonaws.com"}
	}
	switch operation {
	case "DescribeKey":
	case "CreateGrant": // as DynamoDB makes it
		grantee := []string{resource.Service + "." + s.place.Region + ".amazonaws.com"}
		keys["kms:GrantIsForAWSResource"], keys["kms:GranteePrincipal"], keys["kms:RetiringPrincipal"] = []string{"true"}, grantee, grantee
		keys["kms:GrantConstraintType"] = []string{"EncryptionContextSubset"}
		keys["kms:GrantOperations"] = []string{"DescribeKey", "GenerateDataKey", "Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo", "RetireGrant"}
	default:
		keys["kms:EncryptionAlgorithm"] = []string{symmetric}
		for name, value := range s.encryptionContext(resource) {
			if value != "" {
				keys["kms:EncryptionContext:"+name] = []string{value}
			}
			keys["kms:EncryptionContextKeys"] = append(keys["kms:EncryptionContextKeys"], name)
		}
	}
	for _, a := range s.aliases.All() {
		if a.KeyID == k.ID {
			keys["kms:ResourceAliases"] = append(keys["kms:ResourceAliases"], a.Name)
		}
	}
	return keys
}

// encryptionContext returns the encryption context of a service for a resource. The value
// of SecretVersionId is "", because no policy can know it; iam refuses conditions on it.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
// https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
func (s *Service) encryptionContext(resource cloud.ARN) map[string]string {
	switch resource.Service {
	case "dynamodb":
		return map[string]string{
			"aws:dynamodb:tableName":    strings.TrimPrefix(resource.Resource, "table/"),
			"aws:dynamodb:subscriberId": s.place.Account,
		}
	case "secretsmanager":
		return map[string]string{"SecretARN": resource.String(), "SecretVersionId": ""}
	}
	if name := contexts[resource.Service]; name != "" {
		return map[string]string{name: resource.String()}
	}
	return nil
}

// contexts holds the key of the encryption context of each service that uses the ARN of
// the resource as its value, and no other key.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html
// https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
// https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
var contexts = map[string]string{
	"sqs": "aws:sqs:arn", "sns": "aws:sns:topicArn", "logs": "aws:logs:arn", "ssm": "PARAMETER_ARN",
}

// find returns the key that has that ID or ARN, or an alias of that name or ARN. It
// returns the zero Key for one of another account, of which nothing is known here.
func (s *Service) find(reference string) (Key, error) {
	name := reference
	if strings.HasPrefix(reference, "arn:") {
		arn, err := cloud.ParseARN(reference)
		switch {
		case err != nil || arn.Service != "kms":
			return Key{}, refusal("NotFoundException", "Invalid arn %s", reference)
		case arn.Region != s.place.Region:
			return Key{}, refusal("NotFoundException", "Invalid arn %s", arn.Region)
		case arn.Account != s.place.Account:
			return Key{}, nil
		}
		name = strings.TrimPrefix(arn.Resource, "key/")
	}
	if strings.HasPrefix(name, "alias/") {
		if k, ok := s.managed(name); ok {
			return k, nil
		}
		a, err := s.Alias(name)
		if err != nil {
			return Key{}, err
		}
		name = a.KeyID
	}
	k, ok := s.keys.Get(name)
	if !ok {
		return Key{}, s.notFound(name)
	}
	return k, nil
}

// managed returns the key that AWS manages for a service, given its alias. All identities
// of the account may use it through that service.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk
func (s *Service) managed(alias string) (Key, bool) {
	service, ok := strings.CutPrefix(alias, "alias/aws/")
	if !ok || !slices.Contains([]string{"dynamodb", "lambda", "secretsmanager", "sns", "sqs", "ssm"}, service) {
		return Key{}, false
	}
	return Key{
		ID: uuid.NewSHA1(uuid.NameSpaceURL, []byte(s.place.ARN("kms", alias).String())).String(), Spec: symmetric, Usage: encrypt,
		Policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Resource":"*",` +
			`"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant","kms:DescribeKey"],` +
			`"Condition":{"StringEquals":{"kms:ViaService":"` + service + "." + s.place.Region + `.amazonaws.com","kms:CallerAccount":"` + s.place.Account + `"}}}]}`,
	}, true
}

// DefaultPolicy returns the policy of a key that is created without one. It delegates
// access to the key to the account's IAM policies.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
func DefaultPolicy(account string) string {
	return `{"Id":"key-default-1","Statement":[{"Action":"kms:*","Effect":"Allow",` +
		`"Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Resource":"*","Sid":"Enable IAM User Permissions"}],"Version":"2012-10-17"}`
}
