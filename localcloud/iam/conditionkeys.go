package iam

import (
	"slices"
	"strings"

	"tally/localcloud/internal/nearest"
)

// The condition keys of the requests that the local cloud decides. One that
// ends in a slash is followed by the key of a tag.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
var (
	// sentKeys are in the context of a request whenever AWS sends them.
	sentKeys = []string{
		"aws:CurrentTime", "aws:EpochTime", "aws:MultiFactorAuthPresent", "aws:PrincipalAccount", "aws:PrincipalArn",
		"aws:PrincipalIsAWSService", "aws:PrincipalServiceName", "aws:PrincipalTag/", "aws:PrincipalType", "aws:referer",
		"aws:RequestedRegion", "aws:ResourceAccount", "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn",
		"aws:SourceIp", "aws:SourceOwner", "aws:TokenIssueTime", "aws:UserAgent", "aws:userid", "aws:username",
		"aws:ViaAWSService", "lambda:SourceFunctionArn",
	}
	// absentKeys are in the context of no request decided here, on AWS either:
	// they belong to other operations (sns:Protocol to Subscribe), to tags in a
	// request, to sessions that no service starts, or to requests that a
	// service forwards with the credentials of its caller.
	absentKeys = []string{
		"aws:AssumedRoot", "aws:CalledVia", "aws:CalledViaAWSMCP", "aws:CalledViaFirst", "aws:CalledViaLast", "aws:ChatbotSourceArn",
		"aws:Ec2InstanceSourcePrivateIPv4", "aws:Ec2InstanceSourceVpc", "aws:FederatedProvider", "aws:IsMcpServiceAction",
		"aws:MultiFactorAuthAge", "aws:RequestTag/", "aws:SignInSessionArn", "aws:SourceIdentity", "aws:TagKeys", "aws:ViaAWSMCPService",
		"execute-api:viaDomainArn",
		"lambda:CodeSigningConfigArn", "lambda:EventSourceToken", "lambda:FunctionArn", "lambda:FunctionUrlAuthType",
		"lambda:InvokedViaFunctionUrl", "lambda:Layer", "lambda:Principal", "lambda:SecurityGroupIds", "lambda:SubnetIds", "lambda:VpcIds",
		"logs:LogGeneratingResourceArns",
		"sns:Endpoint", "sns:Protocol",
		"sts:AWSServiceName", "sts:DurationSeconds", "sts:ExternalId", "sts:RequestContext/", "sts:RequestContextProviders",
		"sts:SourceIdentity", "sts:TaskPolicyArn", "sts:TransitiveTagKeys",
	}
	// unknowableKeys may be sent by AWS with a request that is decided here,
	// but not by the local cloud. The value is the reason.
	unknowableKeys = map[string]string{
		"aws:PrincipalOrgID":            noOrganization,
		"aws:PrincipalOrgPaths":         noOrganization,
		"aws:PrincipalServiceNamesList": "AWS does not document the principals of its services",
		"aws:ResourceOrgID":             noOrganization,
		"aws:ResourceOrgPaths":          noOrganization,
		"aws:ResourceTag/":              noResourceTags,
		"aws:SourceOrgID":               noOrganization,
		"aws:SourceOrgPaths":            noOrganization,
		"aws:SourceVpc":                 noEndpoint,
		"aws:SourceVpcArn":              noEndpoint,
		"aws:SourceVpce":                noEndpoint,
		"aws:VpceAccount":               noEndpoint,
		"aws:VpceOrgID":                 noEndpoint,
		"aws:VpceOrgPaths":              noEndpoint,
		"aws:VpcSourceIp":               noEndpoint,
		"iam:ResourceTag/":              noResourceTags,
		"sts:RoleSessionName":           "AWS does not document the names that its services give to their sessions",
	}
)

const (
	noOrganization = "it does not know the organization of the account"
	noEndpoint     = "it has no VPC endpoints"
	noResourceTags = "it authorizes requests without the tags of their resources"
)

// decidedVendors are the vendors of keys that a request decided here may have.
// The keys of other services come only with requests to those services.
var decidedVendors = []string{"aws", "execute-api", "lambda", "logs", "sns", "sqs", "sts"}

// decidableKeys and unknowable are the tables above by key in lower case.
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

// checkKey refuses a condition key whose value the local cloud cannot know.
// AWS accepts any key and evaluates one that it does not know as missing, so a
// misspelt key silently disables a Deny.
func (p parser) checkKey(at, key string) error {
	if p.kind == KeyPolicy {
		return nil
	}
	name := strings.ToLower(key)
	if prefix, _, tagged := strings.Cut(name, "/"); tagged {
		name = prefix + "/"
	}
	reason, ok := unknowable[name]
	switch {
	case ok:
	case name == "lambda:sourcefunctionarn" && p.kind != IdentityPolicy:
		reason = "AWS supports it only in identity-based policies"
	default:
		vendor, _, _ := strings.Cut(name, ":")
		if decidableKeys[name] || !slices.Contains(decidedVendors, vendor) {
			return nil
		}
		reason = "it knows no such key"
		if near := nearest.Name(key, slices.Concat(sentKeys, absentKeys)); near != "" {
			reason += "; did you mean " + near + "?"
		}
	}
	return malformed("AWS accepts the condition key "+key+", but the local cloud cannot evaluate it.", at, "%s", reason)
}
