package iam

import (
	"slices"
	"strings"

	"tally/localcloud/internal/nearest"
)

// The condition keys of the requests that are authorized here. A name that ends in
// a slash is a prefix, which is followed by the key of a tag.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
var (
	// sentKeys are in the context of a request here whenever they are on AWS.
	sentKeys = []string{
		"aws:CurrentTime", "aws:EpochTime", "aws:MultiFactorAuthPresent", "aws:PrincipalAccount", "aws:PrincipalArn",
		"aws:PrincipalIsAWSService", "aws:PrincipalServiceName", "aws:PrincipalTag/", "aws:PrincipalType", "aws:referer",
		"aws:RequestedRegion", "aws:RequestTag/", "aws:ResourceAccount", "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn",
		"aws:SourceIp", "aws:SourceOwner", "aws:TagKeys", "aws:TokenIssueTime", "aws:UserAgent", "aws:userid", "aws:username",
		"aws:ViaAWSService", "cloudwatch:namespace",
		"dynamodb:Attributes", "dynamodb:EnclosingOperation", "dynamodb:LeadingKeys", "dynamodb:ReturnConsumedCapacity",
		"dynamodb:ReturnValues", "dynamodb:Select",
		"kms:CallerAccount", "kms:CustomerMasterKeySpec", "kms:CustomerMasterKeyUsage", "kms:EncryptionAlgorithm", "kms:EncryptionContextKeys",
		"kms:GrantConstraintType", "kms:GranteePrincipal", "kms:GrantIsForAWSResource", "kms:GrantOperations",
		"kms:KeyOrigin", "kms:KeySpec", "kms:KeyUsage", "kms:MultiRegion", "kms:ResourceAliases", "kms:RetiringPrincipal", "kms:ViaService",
		"lambda:FunctionArn", "lambda:FunctionUrlAuthType", "lambda:InvokedViaFunctionUrl", "lambda:Principal", "lambda:SourceFunctionArn",
		"secretsmanager:BlockPublicPolicy", "secretsmanager:Description", "secretsmanager:ForceDeleteWithoutRecovery", "secretsmanager:KmsKeyId",
		"secretsmanager:ModifyRotationRules", "secretsmanager:Name", "secretsmanager:RecoveryWindowInDays", "secretsmanager:resource/",
		"secretsmanager:RotateImmediately", "secretsmanager:RotationLambdaARN", "secretsmanager:SecretId", "secretsmanager:VersionId", "secretsmanager:VersionStage",
		"sns:Endpoint", "sns:Protocol", "ssm:Overwrite", "ssm:Recursive", "sts:ExternalId",
	}
	// absentKeys are not in the context of any request that is authorized here,
	// and would not be on AWS. They belong to other operations, to sessions that
	// services do not start, or to requests that a service forwards with the
	// credentials of its caller.
	absentKeys = []string{
		"aws:AssumedRoot", "aws:CalledVia", "aws:CalledViaAWSMCP", "aws:CalledViaFirst", "aws:CalledViaLast", "aws:ChatbotSourceArn",
		"aws:Ec2InstanceSourcePrivateIPv4", "aws:Ec2InstanceSourceVpc", "aws:FederatedProvider", "aws:IsMcpServiceAction",
		"aws:MultiFactorAuthAge", "aws:SignInSessionArn", "aws:SourceIdentity", "aws:ViaAWSMCPService",
		"cloudwatch:AlarmActions", "cloudwatch:requestInsightRuleLogGroups", "cloudwatch:requestManagedResourceARNs",
		"dynamodb:FullTableScan",
		"execute-api:viaDomainArn",
		"kms:BypassPolicyLockoutSafetyCheck", "kms:DataKeyPairSpec", "kms:ExpirationModel", "kms:GrantConstraintSourceArn",
		"kms:GranteeServicePrincipal",
		"kms:KeyAgreementAlgorithm", "kms:MacAlgorithm", "kms:MessageType", "kms:PrimaryRegion", "kms:ReEncryptOnSameKey", "kms:ReplicaRegion",
		"kms:RotationPeriodInDays", "kms:ScheduleKeyDeletionPendingWindowInDays", "kms:SigningAlgorithm",
		"kms:ValidTo", "kms:WrappingAlgorithm", "kms:WrappingKeySpec",
		"lambda:CodeSigningConfigArn", "lambda:EventSourceToken", "lambda:Layer", "lambda:SecurityGroupIds", "lambda:SubnetIds", "lambda:VpcIds",
		"logs:LogGeneratingResourceArns",
		"secretsmanager:AddReplicaRegions", "secretsmanager:ExternalSecretRotationRoleArn", "secretsmanager:ForceOverwriteReplicaSecret",
		"secretsmanager:KmsKeyArn", "secretsmanager:ResourceType", "secretsmanager:SecretPrimaryRegion", "secretsmanager:Type",
		"ssm:AutoApprove", "ssm:DocumentCategories", "ssm:DocumentType", "ssm:Policies", "ssm:SessionDocumentAccessCheck", "ssm:SourceInstanceARN", "ssm:SyncType",
		"sts:AWSServiceName", "sts:DurationSeconds", "sts:IdentityTokenAudience", "sts:RequestContext/",
		"sts:RequestContextProviders", "sts:SigningAlgorithm", "sts:SourceIdentity", "sts:TaskPolicyArn", "sts:TransitiveTagKeys",
	}
	// unknowableKeys may be in the context of such a request on AWS, but their
	// values cannot be known here. The value is the reason.
	unknowableKeys = map[string]string{
		"aws:PrincipalOrgID":                    noOrganization,
		"aws:PrincipalOrgPaths":                 noOrganization,
		"aws:PrincipalServiceNamesList":         "AWS does not document the principals of its services",
		"aws:ResourceOrgID":                     noOrganization,
		"aws:ResourceOrgPaths":                  noOrganization,
		"aws:ResourceTag/":                      noResourceTags,
		"aws:SourceOrgID":                       noOrganization,
		"aws:SourceOrgPaths":                    noOrganization,
		"aws:SourceVpc":                         noEndpoint,
		"aws:SourceVpcArn":                      noEndpoint,
		"aws:SourceVpce":                        noEndpoint,
		"aws:VpceAccount":                       noEndpoint,
		"aws:VpceOrgID":                         noEndpoint,
		"aws:VpceOrgPaths":                      noEndpoint,
		"aws:VpcSourceIp":                       noEndpoint,
		"iam:ResourceTag/":                      noResourceTags,
		"kms:EncryptionContext:SecretVersionId": "nobody knows the IDs of versions in advance",
		"kms:MultiRegionKeyType":                "the primary and replicas of a key are not emulated",
		"kms:RequestAlias":                      "AWS does not document whether its services name a key by its alias",
		"secretsmanager:ResourceTag/":           noResourceTags,
		"ssm:resourceTag/":                      noResourceTags,
		"sts:RoleSessionName":                   "AWS does not document the session names that its services use",
	}
)

const (
	noOrganization = "the account does not belong to an organization here"
	noEndpoint     = "VPC endpoints are not emulated"
	noResourceTags = "resource tags are not available to authorization"
)

// decidedVendors are the prefixes of keys that a request authorized here may have.
// The keys of other services occur only in requests to those services.
var decidedVendors = []string{"aws", "cloudwatch", "dynamodb", "execute-api", "kms", "lambda", "logs", "scheduler", "secretsmanager", "sns", "sqs", "ssm", "sts"}

// decidableKeys and unknowable are the tables above, with the keys in lowercase.
var decidableKeys, unknowable = func() (map[string]bool, map[string]string) {
	decidable, unknowable := map[string]bool{}, map[string]string{}
	for _, key := range slices.Concat(sentKeys, absentKeys) {
		decidable[strings.ToLower(key)] = true
	}
	for key, reason := range unknowableKeys {
		unknowable[strings.ToLower(key)] = reason
	}
	return decidable, unknowable
}()

// keyPrefixes are the prefixes, in lowercase, of keys that end in a name which the
// service that makes the request chooses. Encryption contexts are sent whenever they are
// on AWS. No request here comes from an enclave.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
var keyPrefixes = []string{"kms:encryptioncontext:", "kms:recipientattestation:"}

// checkVariables applies checkKey to the policy variables of t.
func (p parser) checkVariables(at string, t template) error {
	for _, part := range t {
		if part.name == "" {
			continue
		}
		if err := p.checkKey(at, part.name); err != nil {
			return err
		}
	}
	return nil
}

// checkKey refuses a condition key whose value cannot be known here. AWS accepts
// any key and treats an unknown one as missing, so a misspelled key silently
// disables a Deny.
func (p parser) checkKey(at, key string) error {
	if p.anyKey {
		return nil
	}
	name := strings.ToLower(key)
	for _, prefix := range keyPrefixes {
		if strings.HasPrefix(name, prefix) && unknowable[name] == "" {
			return nil
		}
	}
	if prefix, _, tagged := strings.Cut(name, "/"); tagged {
		name = prefix + "/"
	}
	reason, ok := unknowable[name]
	switch {
	case ok:
	case name == "lambda:sourcefunctionarn" && !p.kind.ofIdentity():
		reason = "AWS supports it only in identity-based policies"
	default:
		vendor, _, _ := strings.Cut(name, ":")
		if decidableKeys[name] || !slices.Contains(decidedVendors, vendor) {
			return nil
		}
		reason = "AWS would accept it, and treat it as missing from every request"
		if near := nearest.Name(key, slices.Concat(sentKeys, absentKeys)); near != "" {
			reason = "did you mean " + near + "?"
		}
		return undecidable("There is no condition key "+key+".", at, reason)
	}
	return undecidable("AWS accepts the condition key "+key+", but the local cloud cannot evaluate it.", at, reason)
}

// undecidable returns the error for a document that AWS would accept. It is not a
// *cloud.PolicyError, so services do not reword it.
func undecidable(words, at, reason string) error {
	return malformed(words, at, "%s", reason).Refusal
}
