package settings

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseRefuses(t *testing.T) {
	const (
		memory  = "it sets the memory of each function in MB and must be a whole number from 128 to 10240 (default 128)"
		timeout = "it sets the invocation timeout in seconds and must be a whole number from 1 to 30, the longest that an HTTP API waits (default 10)"
		target  = "it sets where the stack is deployed and must be aws, or local for the local cloud on this machine"
		region  = "it sets the region of the stack and must be the name of an AWS region, such as us-east-1"
		owner   = "it sets who is responsible for the stack and must be 1 to 256 letters, digits, spaces and _.:/=+-@"
		auth    = "it sets who may call the API and must be iam, jwt, or none, which also needs allowPublic (default iam)"
		rollout = "it sets how a new version of a function takes over from the previous one and must be all-at-once with the deployment, " +
			"canary-10-5m for 10% of the invocations during 5 minutes and then all, or linear-10-1m for 10% more each minute; " +
			"other numbers from 1 to 99 work, too (default all-at-once)"
		origins = `it sets the web origins whose pages may call the API and must be a list of origins, such as ["https://example.com"], or ["*"]`
	)
	tests := []struct {
		name   string
		config map[string]string
		want   []string // the error's lines after the first
	}{
		{"too little memory", map[string]string{"tally:memory": "127"}, []string{`tally:memory may not be "127": ` + memory}},
		{"too much memory", map[string]string{"tally:memory": "10241"}, []string{`tally:memory may not be "10241": ` + memory}},
		{"memory with a unit", map[string]string{"tally:memory": "256MB"}, []string{`tally:memory may not be "256MB": ` + memory}},
		{"memory with a sign", map[string]string{"tally:memory": "+256"}, []string{`tally:memory may not be "+256": ` + memory}},
		{"a fraction", map[string]string{"tally:timeout": "1.5"}, []string{`tally:timeout may not be "1.5": ` + timeout}},
		{"a timeout of zero", map[string]string{"tally:timeout": "0"}, []string{`tally:timeout may not be "0": ` + timeout}},
		{"longer than an API waits", map[string]string{"tally:timeout": "31"}, []string{`tally:timeout may not be "31": ` + timeout}},
		{"an empty value", map[string]string{"tally:timeout": ""}, []string{`tally:timeout may not be "": ` + timeout}},
		{"a target in capitals", map[string]string{"tally:target": "AWS"}, []string{`tally:target may not be "AWS": ` + target}},
		{"two targets", map[string]string{"tally:target": "aws|local"}, []string{`tally:target may not be "aws|local": ` + target}},
		{"a zone instead of a region", map[string]string{"aws:region": "us-east-1a"}, []string{`aws:region may not be "us-east-1a": ` + region}},
		{"a retention that is not allowed", map[string]string{"tally:logRetentionDays": "10"}, []string{
			`tally:logRetentionDays may not be "10": it sets the retention of logs in days and must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 (default 30)`}},
		{"another architecture", map[string]string{"tally:architecture": "amd64"}, []string{
			`tally:architecture may not be "amd64": it sets the processor architecture of the functions and must be arm64, x86_64, or auto: arm64 on AWS, this machine's architecture with the target local (default auto)`}},
		{"an architecture for local", map[string]string{"tally:target": "local", "tally:architecture": "arm64"}, []string{
			`tally:architecture may not be "arm64" with the target local, whose functions run on this machine: leave it out`}},
		{"all of the concurrency", map[string]string{"tally:reservedConcurrency": "1000"}, []string{
			`tally:reservedConcurrency may not be "1000": it sets the concurrency reserved for each function and must be a whole number from 1 to 900, or 0 to share the account's unreserved concurrency (default 0)`}},
		{"more retries than Lambda does", map[string]string{"tally:asyncRetries": "3"}, []string{
			`tally:asyncRetries may not be "3": it sets the number of retries after a failed asynchronous invocation and must be 0, 1 or 2 (default 2)`}},
		{"a log level in capitals", map[string]string{"tally:logLevel": "INFO"}, []string{
			`tally:logLevel may not be "INFO": it sets the lowest level of the lines that functions log and must be debug, info, warn or error (default info)`}},
		{"a rollout in seconds", map[string]string{"tally:rollout": "canary-10-5s"}, []string{`tally:rollout may not be "canary-10-5s": ` + rollout}},
		{"a rollout of everything in steps", map[string]string{"tally:rollout": "linear-100-1m"}, []string{`tally:rollout may not be "linear-100-1m": ` + rollout}},
		{"an owner with a space at its end", map[string]string{"tally:owner": "me "}, []string{`tally:owner may not be "me ": ` + owner}},
		{"no owner", map[string]string{"tally:owner": ""}, []string{`tally:owner may not be "": ` + owner}},
		{"neither true nor false", map[string]string{"tally:protect": "yes"}, []string{
			`tally:protect may not be "yes": it sets whether Pulumi refuses to delete resources that hold data or that clients outside the stack depend on and must be true or false (default false)`}},
		{"protected without anybody to tell", map[string]string{"tally:protect": "true", "tally:alarmEmail": "", "tally:alarmWebhook": ""}, []string{
			"tally:alarmEmail and tally:alarmWebhook are missing: tally:protect is true, so somebody must be told about alarms: " +
				"set one of them, for example with `pulumi config set tally:alarmEmail ADDRESS --stack prod`"}},
		{"the name of a boundary", map[string]string{"tally:permissionsBoundary": "boundary-tally-prod"}, []string{
			`tally:permissionsBoundary may not be "boundary-tally-prod": it sets the permissions boundary of the stack's roles and must be the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/boundary-tally-prod`}},
		{"a role as a boundary", map[string]string{"tally:permissionsBoundary": "arn:aws:iam::123456789012:role/boundary"}, []string{
			`tally:permissionsBoundary may not be "arn:aws:iam::123456789012:role/boundary": it sets the permissions boundary of the stack's roles and must be the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/boundary-tally-prod`}},
		{"a boundary in another account", map[string]string{"tally:permissionsBoundary": "arn:aws:iam::123456789012:policy/b", "aws:allowedAccountIds": `["210987654321"]`}, []string{
			"tally:permissionsBoundary must be a policy in an account of aws:allowedAccountIds, not in 123456789012"}},
		{"another auth", map[string]string{"tally:auth": "public"}, []string{`tally:auth may not be "public": ` + auth}},
		{"public by mistake", map[string]string{"tally:auth": "none"}, []string{
			"tally:auth may not be none, which allows anyone to call the API, unless tally:allowPublic is true"}},
		{"public and authorized", map[string]string{"tally:allowPublic": "true"}, []string{
			"tally:allowPublic may not be true with the auth iam: leave it out, or set tally:auth to none"}},
		{"tokens without an issuer", map[string]string{"tally:auth": "jwt"}, []string{
			"tally:jwtIssuer is missing: the auth jwt needs it", "tally:jwtAudience is missing: the auth jwt needs it"}},
		{"scopes without tokens", map[string]string{"tally:jwtScopes": `["add"]`}, []string{
			"tally:jwtScopes has no effect with the auth iam: leave it out, or set tally:auth to jwt"}},
		{"an issuer without TLS", map[string]string{"tally:auth": "jwt", "tally:jwtIssuer": "http://127.0.0.1", "tally:jwtAudience": `["a"]`}, []string{
			`tally:jwtIssuer may not be "http://127.0.0.1" on AWS: it must be an https URL`}},
		{"an origin with a path", map[string]string{"tally:corsOrigins": `["https://example.com/"]`}, []string{
			`tally:corsOrigins may not be "[\"https://example.com/\"]": ` + origins}},
		{"an origin that is not a list", map[string]string{"tally:corsOrigins": "https://example.com"}, []string{
			`tally:corsOrigins may not be "https://example.com": ` + origins}},
		{"a webhook without TLS", map[string]string{"tally:sumsWebhook": "http://example.com"}, []string{
			`tally:sumsWebhook may not be "http://example.com": it sets the server that receives an HTTPS request with every sum and must be an https URL`}},
		{"a webhook without a host", map[string]string{"tally:sumsWebhook": "https://?a"}, []string{
			`tally:sumsWebhook may not be "https://?a": it sets the server that receives an HTTPS request with every sum and must be an https URL`}},
		{"an incomplete escape", map[string]string{"tally:sumsWebhook": "https://example.com/%zz"}, []string{
			`tally:sumsWebhook may not be "https://example.com/%zz": it sets the server that receives an HTTPS request with every sum and must be an https URL`}},
		{"an invisible character", map[string]string{"tally:alarmEmail": "a\u200b@example.com"}, []string{
			`tally:alarmEmail may not be "a\u200b@example.com": it sets who receives an email with every alarm and must be an email address`}},
		{"a name instead of an address", map[string]string{"tally:alarmEmail": "on-call"}, []string{
			`tally:alarmEmail may not be "on-call": it sets who receives an email with every alarm and must be an email address`}},
		{"notifications without TLS", map[string]string{"tally:notifyUrl": "http://127.0.0.1:8080"}, []string{
			`tally:notifyUrl may not be "http://127.0.0.1:8080" on AWS: it must be an https URL`}},
		{"a retention of sums for ever", map[string]string{"tally:sumsRetentionDays": "0"}, []string{
			`tally:sumsRetentionDays may not be "0": it sets the time in days after which a sum expires and must be a whole number from 1 to 3650 (default 30)`}},
		{"an alarm webhook without TLS", map[string]string{"tally:alarmWebhook": "http://example.com"}, []string{
			`tally:alarmWebhook may not be "http://example.com": it sets the server that receives an HTTPS request with every alarm and must be an https URL`}},
		{"a runbook with a fragment", map[string]string{"tally:runbook": "https://example.com/operate.md#alarms"}, []string{
			`tally:runbook may not be "https://example.com/operate.md#alarms": it sets the guide that every alarm links to and must be an https URL without a fragment, such as that of docs/operate.md in your repository`}},
		{"an incomplete domain", map[string]string{"tally:domainName": "api.example.com"}, []string{
			"tally:domainName, tally:domainZoneId and tally:domainCertificateArn go together: set all of them or none"}},
		{"a certificate of another region", map[string]string{"tally:domainName": "api.example.com", "tally:domainZoneId": "Z1",
			"tally:domainCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b"}, []string{
			"tally:domainCertificateArn must be of a certificate in eu-central-1, where the API is, not in us-east-1"}},
		{"an invalid account ID", map[string]string{"aws:allowedAccountIds": `["1234"]`}, []string{
			`aws:allowedAccountIds may not be "[\"1234\"]": it sets the AWS accounts that the stack may be deployed to and must be a list of account IDs, such as ["123456789012"]`}},
		{"a misspelt key", map[string]string{"tally:memroy": "256"}, []string{"tally:memroy is unknown: did you mean tally:memory?"}},
		{"a key in capitals", map[string]string{"tally:LogRetentionDays": "30"}, []string{"tally:LogRetentionDays is unknown: did you mean tally:logRetentionDays?"}},
		{"all at once", map[string]string{"tally:memory": "1", "tally:timeout": "x", "tally:targets": "aws", "tally:allowPublic": "true"}, []string{
			`tally:memory may not be "1": ` + memory, `tally:timeout may not be "x": ` + timeout, "tally:targets is unknown: did you mean tally:target?",
			"tally:allowPublic may not be true with the auth iam: leave it out, or set tally:auth to none"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config := required()
			maps.Copy(config, test.config)
			got, err := Parse("tally", "prod", config)
			if err == nil {
				t.Fatalf("got %+v, want an error", got)
			}
			if diff := cmp.Diff(test.want, strings.Split(err.Error(), "\n")[1:]); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("another key", func(t *testing.T) {
		for _, key := range []string{"tally:speed", "aws:endpoints"} {
			config := required()
			config[key] = "red"
			_, err := Parse("tally", "prod", config)
			if want := key + " is unknown: the keys are aws:allowedAccountIds, aws:profile, aws:region, tally:accountConcurrency, tally:alarmEmail, "; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	})
	t.Run("nothing", func(t *testing.T) {
		_, err := Parse("tally", "prod", nil)
		want := "the configuration of this stack (Pulumi.prod.yaml) is invalid:\naws:region is missing: " + region + "\ntally:target is missing: " + target +
			"\ntally:owner is missing: " + owner + "\ntally:costCentre is missing: " + strings.Replace(owner, "is responsible", "pays", 1)
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
}
