package settings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// key is one entry of the configuration.
type key struct {
	name     string // within the project's namespace, unless it has one of its own
	meaning  string
	allowed  string
	fallback string                       // the default; "" for none
	set      func(*Settings, string) bool // false where the value is not allowed
	optional bool                         // may be left out though it has no default
}

// auto stands for the architecture that fits the target.
const auto = "auto"

// keys is the whole configuration.
func keys() []key {
	return slices.Concat(stackKeys(), functionKeys(), apiKeys(), noticeKeys())
}

func stackKeys() []key {
	return []key{
		{"aws:region", "the region of the stack", "the name of an AWS region, such as us-east-1", "",
			matching(func(s *Settings) *string { return &s.Region }, `[a-z]{2,}(-[a-z]+)+-[0-9]`), false},
		{"aws:profile", "the profile of the AWS credentials", "a profile's name", "",
			matching(func(s *Settings) *string { return &s.Profile }, `\S+`), true},
		{"aws:allowedAccountIds", "the AWS accounts that the stack may live in", `a list of account IDs, such as ["123456789012"]`, "",
			listOf(func(s *Settings) *[]string { return &s.AllowedAccounts }, `[0-9]{12}`), true},
		{"target", "where the stack lives", "aws, or local for the local cloud on this machine", "",
			matching(func(s *Settings) *string { return &s.Target }, `aws|local`), false},
		{"owner", "who answers for the stack", "1 to 256 letters, digits, spaces and _.:/=+-@", "",
			matching(func(s *Settings) *string { return &s.Owner }, tag), false},
		{"costCentre", "who pays for the stack", "1 to 256 letters, digits, spaces and _.:/=+-@", "",
			matching(func(s *Settings) *string { return &s.CostCentre }, tag), false},
		{"protect", "whether Pulumi refuses to delete what holds data or is known outside", "true or false", "false",
			truth(func(s *Settings) *bool { return &s.Protect }), false},
		{"encryption", "whose keys encrypt data at rest", "managed for AWS's own, or customer for a key of the stack", "managed",
			func(s *Settings, value string) bool {
				s.CustomerKey = value == "customer"
				return s.CustomerKey || value == "managed"
			}, false},
	}
}

func functionKeys() []key {
	return []key{
		{"architecture", "the processor that functions run on", "arm64, x86_64, or auto: arm64 on AWS, the machine's own on the target local", auto,
			matching(func(s *Settings) *string { return &s.Functions.Architecture }, `arm64|x86_64|auto`), false},
		{"memory", "the memory of each function in MB", "a whole number from 128 to 10240", "128",
			between(func(s *Settings) *int { return &s.Functions.MemoryMB }, 128, 10240), false},
		{"timeout", "the most seconds of one invocation", "a whole number from 1 to 30, the most an HTTP API waits", "10",
			between(func(s *Settings) *int { return &s.Functions.TimeoutSeconds }, 1, 30), false},
		{"ephemeralStorage", "the size of each function's /tmp in MB", "a whole number from 512 to 10240", "512",
			between(func(s *Settings) *int { return &s.Functions.EphemeralMB }, 512, 10240), false},
		{"reservedConcurrency", "the invocations of each function at the same time", "a whole number from 1 to 900, or 0 to share what the account has left", "0",
			between(func(s *Settings) *int { return &s.Functions.ReservedConcurrency }, 0, 900), false},
		{"asyncRetries", "how often a failed message is tried again", "0, 1 or 2", "2",
			between(func(s *Settings) *int { return &s.Functions.Retries }, 0, 2), false},
		{"asyncMaxAge", "the seconds after which a message is given up", "a whole number from 60 to 21600", "21600",
			between(func(s *Settings) *int { return &s.Functions.MaxEventAgeSeconds }, 60, 21600), false},
	}
}

func apiKeys() []key {
	return []key{
		{"auth", "who may call the API", "iam, jwt, or none, which also needs allowPublic", IAM,
			matching(func(s *Settings) *string { return &s.API.Auth }, `none|iam|jwt`), false},
		{"allowPublic", "whether everybody may call the API", "true or false", "false",
			truth(func(s *Settings) *bool { return &s.API.AllowPublic }), false},
		{"jwtIssuer", "who issues the tokens that the API takes", "an https URL, or one of this machine on the target local", "",
			matching(func(s *Settings) *string { return &s.API.Issuer }, httpsURL+`|http://(127\.0\.0\.1|localhost)(:[0-9]+)?(/\S*)?`), true},
		{"jwtAudience", "whom tokens must be for", `a list of audiences, such as ["tally"]`, "",
			listOf(func(s *Settings) *[]string { return &s.API.Audience }, `\S+`), true},
		{"jwtScopes", "the scopes of which a token must have one", `a list of scopes, such as ["tally/add"]`, "",
			listOf(func(s *Settings) *[]string { return &s.API.Scopes }, `\S+`), true},
		{"throttleRate", "the requests that the API takes each second", "a whole number from 1 to 10000", "50",
			between(func(s *Settings) *int { return &s.API.RatePerSecond }, 1, 10000), false},
		{"throttleBurst", "the requests that the API takes at once", "a whole number from 1 to 5000", "100",
			between(func(s *Settings) *int { return &s.API.Burst }, 1, 5000), false},
		{"corsOrigins", "the web origins whose pages may call the API", `a list of origins, such as ["https://example.com"], or ["*"]`, "",
			listOf(func(s *Settings) *[]string { return &s.API.CORSOrigins }, `\*|https://[^\s/]+|http://(127\.0\.0\.1|localhost)(:[0-9]+)?`), true},
		{"domainName", "the API's own domain", "a host name in small letters, such as api.example.com", "",
			matching(func(s *Settings) *string { return &s.API.DomainName }, `([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}`), true},
		{"domainZoneId", "the Route 53 zone of the domain", "the ID of a hosted zone, such as Z0123456789ABCDEFGHIJ", "",
			matching(func(s *Settings) *string { return &s.API.ZoneID }, `Z[A-Z0-9]{1,31}`), true},
		{"domainCertificateArn", "the ACM certificate of the domain", "the ARN of a certificate in the region of the stack", "",
			matching(func(s *Settings) *string { return &s.API.CertificateARN }, `arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+`), true},
	}
}

func noticeKeys() []key {
	return []key{
		{"logRetentionDays", "the days that logs are kept", "one of " + list(retentions()), "30",
			func(s *Settings, value string) bool {
				days, ok := wholeNumber(value)
				s.LogRetentionDays = days
				return ok && slices.Contains(retentions(), days)
			}, false},
		{"alarmEmail", "who gets a mail with every alarm", "an e-mail address", "",
			matching(func(s *Settings) *string { return &s.AlarmEmail }, email), true},
		{"sumsEmail", "who gets a mail with every sum", "an e-mail address", "",
			matching(func(s *Settings) *string { return &s.SumsEmail }, email), true},
		{"sumsWebhook", "what gets an HTTPS request with every sum", "an https URL", "",
			matching(func(s *Settings) *string { return &s.SumsWebhook }, httpsURL), true},
	}
}

// retentions are the days that CloudWatch Logs can keep events.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
func retentions() []int {
	return []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
}

// full is the name with its namespace, as in Pulumi.<stack>.yaml.
func (k key) full(project string) string {
	if strings.Contains(k.name, ":") {
		return k.name
	}
	return project + ":" + k.name
}

// help says what the key is and may be, after its name in an error.
func (k key) help() string {
	help := fmt.Sprintf("it is %s and must be %s", k.meaning, k.allowed)
	if k.fallback != "" {
		help += " (default " + k.fallback + ")"
	}
	return help
}

// unknown is the error for a key that is none of the known.
func unknown(name string, known []string) error {
	for _, k := range known {
		if levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k)) <= 3 {
			return fmt.Errorf("%s is unknown: did you mean %s?", name, k)
		}
	}
	return fmt.Errorf("%s is unknown: the keys are %s", name, strings.Join(known, ", "))
}
