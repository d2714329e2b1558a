package settings

import (
	"fmt"
	"slices"
	"strings"
)

// contradictions returns an error for each combination of settings that are
// valid individually but not together. given reports whether the stack sets a
// key. A setting with an invalid value is empty here and has an error already.
func (s *Settings) contradictions(project, stack string, given func(key string) bool) []error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(project+":"+format, args...))
	}
	if a := s.Functions.Architecture; s.Target == Local && a != "" && a != auto {
		wrong("architecture may not be %q with the target local, whose functions run on this machine: leave it out", a)
	}
	if s.Protect && !given("alarmEmail") && !given("alarmWebhook") {
		wrong("alarmEmail and %s:alarmWebhook are missing: %[1]s:protect is true, so somebody must be told about alarms: "+
			"set one of them, for example with `pulumi config set %[1]s:alarmEmail ADDRESS --stack %[2]s`", project, stack)
	}

	api := s.API
	if api.Auth == None && !api.AllowPublic {
		wrong("auth may not be none, which allows anyone to call the API, unless %s:allowPublic is true", project)
	}
	if api.Auth != None && api.Auth != "" && api.AllowPublic {
		wrong("allowPublic may not be true with the auth %s: leave it out, or set %s:auth to none", api.Auth, project)
	}
	for _, key := range []string{"jwtIssuer", "jwtAudience", "jwtScopes"} {
		switch {
		case api.Auth == JWT && !given(key) && key != "jwtScopes":
			wrong("%s is missing: the auth jwt needs it", key)
		case api.Auth != JWT && api.Auth != "" && given(key):
			wrong("%s has no effect with the auth %s: leave it out, or set %s:auth to jwt", key, api.Auth, project)
		}
	}
	if s.Target == AWS && strings.HasPrefix(api.Issuer, "http://") {
		wrong("jwtIssuer may not be %q on AWS: it must be an https URL", api.Issuer)
	}
	if s.Target == AWS && strings.HasPrefix(s.NotifyURL, "http://") {
		wrong("notifyUrl may not be %q on AWS: it must be an https URL", s.NotifyURL)
	}

	if arn := strings.Split(s.PermissionsBoundary, ":"); len(arn) > 4 && arn[4] != "aws" && len(s.AllowedAccounts) > 0 && !slices.Contains(s.AllowedAccounts, arn[4]) {
		wrong("permissionsBoundary must be a policy in an account of aws:allowedAccountIds, not in %s", arn[4])
	}

	domain := 0
	for _, key := range []string{"domainName", "domainZoneId", "domainCertificateArn"} {
		if given(key) {
			domain++
		}
	}
	if domain != 0 && domain != 3 {
		wrong("domainName, %s:domainZoneId and %[1]s:domainCertificateArn go together: set all of them or none", project)
	}
	if arn := strings.Split(api.CertificateARN, ":"); len(arn) > 3 && s.Region != "" && arn[3] != s.Region {
		wrong("domainCertificateArn must be of a certificate in %s, where the API is, not in %s", s.Region, arn[3])
	}
	return errs
}

// minUnreserved is the concurrency of an account that functions cannot reserve.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
const minUnreserved = 100

// CheckConcurrency returns an error if that number of functions would reserve more
// of the account's concurrency than Lambda allows. It cannot take into account what
// other stacks reserve.
func (s *Settings) CheckConcurrency(project string, functions int) error {
	f := s.Functions
	reserved, available := functions*f.ReservedConcurrency, max(0, f.AccountConcurrency-minUnreserved)
	if reserved <= available {
		return nil
	}
	return fmt.Errorf("%s:reservedConcurrency may not be %d: %d functions would reserve %d concurrent invocations, and the account can reserve %d, "+
		"which is %[1]s:accountConcurrency less the %[6]d that Lambda keeps unreserved", project, f.ReservedConcurrency, functions, reserved, available, minUnreserved)
}
