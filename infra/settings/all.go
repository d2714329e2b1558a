package settings

import (
	"slices"
	"strings"
)

// auto is the architecture setting that selects one for the target.
const auto = "auto"

// all returns every setting, in the order in which errors list them.
func all() []setting {
	return slices.Concat(stackSettings(), functionSettings(), apiSettings(), sumSettings(), noticeSettings())
}

func stackSettings() []setting {
	return []setting{
		{
			Name:    "aws:region",
			Meaning: "the region of the stack",
			Limits:  "the name of an AWS region, such as us-east-1",
			Field:   matching(func(s *Settings) *string { return &s.Region }, `[a-z]{2,}(-[a-z]+)+-[0-9]`),
		},
		{
			Name:     "aws:profile",
			Meaning:  "the profile of the AWS credentials",
			Limits:   "a profile's name",
			Optional: true,
			Field:    matching(func(s *Settings) *string { return &s.Profile }, word),
		},
		{
			Name:     "aws:allowedAccountIds",
			Meaning:  "the AWS accounts that the stack may be deployed to",
			Limits:   `a list of account IDs, such as ["123456789012"]`,
			Optional: true,
			Field:    listOf(func(s *Settings) *[]string { return &s.AllowedAccounts }, `[0-9]{12}`),
		},
		{
			Name:    "target",
			Meaning: "where the stack is deployed",
			Limits:  "aws, or local for the local cloud on this machine",
			Field:   matching(func(s *Settings) *string { return &s.Target }, `aws|local`),
		},
		{
			Name:    "owner",
			Meaning: "who is responsible for the stack",
			Limits:  "1 to 256 letters, digits, spaces and _.:/=+-@",
			Field:   matching(func(s *Settings) *string { return &s.Owner }, tag),
		},
		{
			Name:    "costCentre",
			Meaning: "who pays for the stack",
			Limits:  "1 to 256 letters, digits, spaces and _.:/=+-@",
			Field:   matching(func(s *Settings) *string { return &s.CostCentre }, tag),
		},
		{
			Name:    "protect",
			Meaning: "whether Pulumi refuses to delete resources that hold data or that clients outside the stack depend on",
			Limits:  "true or false",
			Default: "false",
			Field:   boolean(func(s *Settings) *bool { return &s.Protect }),
		},
		{
			Name:    "encryption",
			Meaning: "which keys encrypt data at rest",
			Limits:  "managed for keys that AWS manages, or customer for a key of the stack",
			Default: "managed",
			Field: func(s *Settings, value string) bool {
				s.CustomerKey = value == "customer"
				return s.CustomerKey || value == "managed"
			},
		},
		{
			Name:     "permissionsBoundary",
			Meaning:  "the permissions boundary of the stack's roles",
			Limits:   "the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/boundary-tally-prod",
			Optional: true,
			Field:    matching(func(s *Settings) *string { return &s.PermissionsBoundary }, `arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[!-~]{1,512}`),
		},
	}
}

func functionSettings() []setting {
	return []setting{
		{
			Name:    "architecture",
			Meaning: "the processor architecture of the functions",
			Limits:  "arm64, x86_64, or auto: arm64 on AWS, this machine's architecture with the target local",
			Default: auto,
			Field:   matching(func(s *Settings) *string { return &s.Functions.Architecture }, `arm64|x86_64|auto`),
		},
		{
			Name:    "memory",
			Meaning: "the memory of each function in MB",
			Limits:  "a whole number from 128 to 10240",
			Default: "128",
			Field:   between(func(s *Settings) *int { return &s.Functions.MemoryMB }, 128, 10240),
		},
		{
			Name:    "timeout",
			Meaning: "the invocation timeout in seconds",
			Limits:  "a whole number from 1 to 30, the longest that an HTTP API waits",
			Default: "10",
			Field:   between(func(s *Settings) *int { return &s.Functions.TimeoutSeconds }, 1, 30),
		},
		{
			Name:    "ephemeralStorage",
			Meaning: "the size of each function's /tmp in MB",
			Limits:  "a whole number from 512 to 10240",
			Default: "512",
			Field:   between(func(s *Settings) *int { return &s.Functions.EphemeralMB }, 512, 10240),
		},
		{
			Name:    "reservedConcurrency",
			Meaning: "the concurrency reserved for each function",
			Limits:  "a whole number from 1 to 900, or 0 to share the account's unreserved concurrency",
			Default: "0",
			Field:   between(func(s *Settings) *int { return &s.Functions.ReservedConcurrency }, 0, 900),
		},
		{
			Name:    "accountConcurrency",
			Meaning: "the AWS account's quota of concurrent invocations in the region, of which Lambda keeps 100 unreserved",
			Limits:  "a whole number from 10 to 1000000",
			Default: "1000",
			Field:   between(func(s *Settings) *int { return &s.Functions.AccountConcurrency }, 10, 1_000_000),
		},
		{
			Name:    "asyncRetries",
			Meaning: "the number of retries after a failed asynchronous invocation",
			Limits:  "0, 1 or 2",
			Default: "2",
			Field:   between(func(s *Settings) *int { return &s.Functions.Retries }, 0, 2),
		},
		{
			Name:    "asyncMaxAge",
			Meaning: "the age in seconds at which Lambda gives up on an asynchronous event",
			Limits:  "a whole number from 60 to 21600",
			Default: "21600",
			Field:   between(func(s *Settings) *int { return &s.Functions.MaxEventAgeSeconds }, 60, 21600),
		},
		{
			Name:    "logLevel",
			Meaning: "the lowest level of the lines that functions log",
			Limits:  "debug, info, warn or error",
			Default: "info",
			Field: func(s *Settings, value string) bool {
				s.Functions.LogLevel = strings.ToUpper(value)
				return slices.Contains([]string{"debug", "info", "warn", "error"}, value)
			},
		},
		{
			Name:    "rollout",
			Meaning: "how a new version of a function takes over from the previous one",
			Limits: "all-at-once with the deployment, canary-10-5m for 10% of the invocations during 5 minutes and then all, " +
				"or linear-10-1m for 10% more each minute; other numbers from 1 to 99 work, too",
			Default: AllAtOnce,
			Field:   matching(func(s *Settings) *string { return &s.Functions.Rollout }, AllAtOnce+`|(canary|linear)-[1-9][0-9]?-[1-9][0-9]?m`),
		},
	}
}

func apiSettings() []setting {
	return []setting{
		{
			Name:    "auth",
			Meaning: "who may call the API",
			Limits:  "iam, jwt, or none, which also needs allowPublic",
			Default: IAM,
			Field:   matching(func(s *Settings) *string { return &s.API.Auth }, `none|iam|jwt`),
		},
		{
			Name:    "allowPublic",
			Meaning: "whether anyone may call the API",
			Limits:  "true or false",
			Default: "false",
			Field:   boolean(func(s *Settings) *bool { return &s.API.AllowPublic }),
		},
		{
			Name:     "jwtIssuer",
			Meaning:  "the issuer of the tokens that the API accepts",
			Limits:   "an https URL, or an http URL of this machine with the target local",
			Optional: true,
			Field:    matching(func(s *Settings) *string { return &s.API.Issuer }, httpsURL+`|`+localURL),
		},
		{
			Name:     "jwtAudience",
			Meaning:  "the audiences that the API accepts in tokens",
			Limits:   `a list of audiences, such as ["tally"]`,
			Optional: true,
			Field:    listOf(func(s *Settings) *[]string { return &s.API.Audience }, word),
		},
		{
			Name:     "jwtScopes",
			Meaning:  "the scopes that the API accepts in tokens",
			Limits:   `a list of scopes, such as ["tally/add"]`,
			Optional: true,
			Field:    listOf(func(s *Settings) *[]string { return &s.API.Scopes }, word),
		},
		{
			Name:    "throttleRate",
			Meaning: "the number of requests per second that the API accepts",
			Limits:  "a whole number from 1 to 10000",
			Default: "50",
			Field:   between(func(s *Settings) *int { return &s.API.RatePerSecond }, 1, 10000),
		},
		{
			Name:    "throttleBurst",
			Meaning: "the number of requests that the API accepts in a burst",
			Limits:  "a whole number from 1 to 5000",
			Default: "100",
			Field:   between(func(s *Settings) *int { return &s.API.Burst }, 1, 5000),
		},
		{
			Name:     "corsOrigins",
			Meaning:  "the web origins whose pages may call the API",
			Limits:   `a list of origins, such as ["https://example.com"], or ["*"]`,
			Optional: true,
			Field:    listOf(func(s *Settings) *[]string { return &s.API.CORSOrigins }, `\*|https://(\*|`+host+`)|http://(127\.0\.0\.1|localhost)(:[0-9]+)?`),
		},
		{
			Name:     "domainName",
			Meaning:  "the API's custom domain name",
			Limits:   "a host name in lowercase letters, such as api.example.com",
			Optional: true,
			Field:    matching(func(s *Settings) *string { return &s.API.DomainName }, `([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}`),
		},
		{
			Name:     "domainZoneId",
			Meaning:  "the Route 53 hosted zone of the custom domain",
			Limits:   "the ID of a hosted zone, such as Z0123456789ABCDEFGHIJ",
			Optional: true,
			Field:    matching(func(s *Settings) *string { return &s.API.ZoneID }, `Z[A-Z0-9]{1,31}`),
		},
		{
			Name:     "domainCertificateArn",
			Meaning:  "the ACM certificate of the custom domain",
			Limits:   "the ARN of a certificate in the stack's region",
			Optional: true,
			Field:    matching(func(s *Settings) *string { return &s.API.CertificateARN }, `arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+`),
		},
	}
}

func sumSettings() []setting {
	return []setting{
		{
			Name:    "buffer",
			Meaning: "whether a queue between the topic numbers and its function absorbs bursts",
			Limits:  "true or false",
			Default: "false",
			Field:   boolean(func(s *Settings) *bool { return &s.Buffer }),
		},
		{
			Name:    "sumsRetentionDays",
			Meaning: "the time in days after which a sum expires",
			Limits:  "a whole number from 1 to 3650",
			Default: "30",
			Field:   between(func(s *Settings) *int { return &s.SumsRetentionDays }, 1, 3650),
		},
		{
			Name:     "sumsEmail",
			Meaning:  "who receives an email with every sum",
			Limits:   "an email address",
			Optional: true,
			Field:    matching(func(s *Settings) *string { return &s.SumsEmail }, email),
		},
		{
			Name:     "sumsWebhook",
			Meaning:  "the server that receives an HTTPS request with every sum",
			Limits:   "an https URL",
			Optional: true,
			Field:    matching(func(s *Settings) *string { return &s.SumsWebhook }, webhook),
		},
		{
			Name:    "sumsQueue",
			Meaning: "whether a queue holds every sum for another system",
			Limits:  "true or false",
			Default: "false",
			Field:   boolean(func(s *Settings) *bool { return &s.SumsQueue }),
		},
		{
			Name:     "notifyUrl",
			Meaning:  "the server that receives a request with every sum, signed with the secret in the parameter /<project>/<stack>/notify-secret",
			Limits:   "an https URL, or an http URL of this machine with the target local",
			Optional: true,
			Field:    matching(func(s *Settings) *string { return &s.NotifyURL }, httpsURL+`|`+localURL),
		},
	}
}

func noticeSettings() []setting {
	return []setting{
		{
			Name:    "logRetentionDays",
			Meaning: "the retention of logs in days",
			Limits:  "one of " + list(retentions()),
			Default: "30",
			Field: func(s *Settings, value string) bool {
				days, ok := wholeNumber(value)
				s.LogRetentionDays = days
				return ok && slices.Contains(retentions(), days)
			},
		},
		{
			Name:     "alarmEmail",
			Meaning:  "who receives an email with every alarm",
			Limits:   "an email address",
			Optional: true,
			Field:    matching(func(s *Settings) *string { return &s.AlarmEmail }, email),
		},
		{
			Name:     "alarmWebhook",
			Meaning:  "the server that receives an HTTPS request with every alarm",
			Limits:   "an https URL",
			Optional: true,
			Field:    matching(func(s *Settings) *string { return &s.AlarmWebhook }, webhook),
		},
		{
			Name:     "runbook",
			Meaning:  "the guide that every alarm links to",
			Limits:   "an https URL without a fragment, such as that of docs/operate.md in your repository",
			Optional: true,
			Field:    matching(func(s *Settings) *string { return &s.Runbook }, `https://`+host+`([/?]([!"$&-~]|`+escaped+`)*)?`),
		},
	}
}

// retentions returns the retention periods, in days, that CloudWatch Logs
// allows.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
func retentions() []int {
	return []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
}
