package serverless

import (
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// limits are the default and the limits of a whole number.
type limits struct {
	fallback int
	min, max int // no upper limit if max is 0
}

// number returns an optional input, or its default if it is nil. A value outside
// its limits fails the preview, or the deployment if it is not known before. The
// error names the component, the property and the limits.
func number(component, property string, in pulumi.IntPtrInput, l limits) pulumi.IntOutput {
	if in == nil {
		return pulumi.Int(l.fallback).ToIntOutput()
	}
	return in.ToIntPtrOutput().ApplyT(func(value *int) (int, error) {
		switch {
		case value == nil:
			return l.fallback, nil
		case l.max == 0 && *value < l.min:
			return 0, fmt.Errorf("%s: %s must be a whole number of at least %d, not %d", component, property, l.min, *value)
		case l.max != 0 && (*value < l.min || *value > l.max):
			return 0, fmt.Errorf("%s: %s must be a whole number from %d to %d, not %d", component, property, l.min, l.max, *value)
		}
		return *value, nil
	}).(pulumi.IntOutput)
}

// scaled returns a number multiplied by a factor.
func scaled(n pulumi.IntOutput, factor float64) pulumi.Float64Output {
	return n.ApplyT(func(n int) float64 { return factor * float64(n) }).(pulumi.Float64Output)
}

// rate returns an optional input, or its default if it is nil. The value must be
// more than zero.
func rate(component, property string, in pulumi.Float64PtrInput, fallback float64) pulumi.Float64Output {
	if in == nil {
		return pulumi.Float64(fallback).ToFloat64Output()
	}
	return in.ToFloat64PtrOutput().ApplyT(func(value *float64) (float64, error) {
		switch {
		case value == nil:
			return fallback, nil
		case *value <= 0:
			return 0, fmt.Errorf("%s: %s must be more than 0, not %g", component, property, *value)
		}
		return *value, nil
	}).(pulumi.Float64Output)
}

// form is the required form of a string.
type form struct {
	pattern *regexp.Regexp
	meaning string // completes "must be …"
}

var (
	emailForm        = form{regexp.MustCompile(`^[^\s@]+@[^\s@]+$`), "an email address"}
	webhookForm      = form{regexp.MustCompile(`^https://[^\s/]+(/\S*)?$`), "an https URL"}
	runbookForm      = form{regexp.MustCompile(`^https://[^\s/#]+(/[^\s#]*)?$`), "an https URL without a fragment"}
	policyForm       = form{regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[!-~]+$`), "the ARN of an IAM policy"}
	keyForm          = form{regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-z0-9-]+$`), "the ARN of a KMS key"}
	architectureForm = form{regexp.MustCompile(`^(arm64|x86_64)$`), "arm64 or x86_64"}
	logLevelForm     = form{regexp.MustCompile(`^(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)$`), "TRACE, DEBUG, INFO, WARN, ERROR or FATAL"}
	domainForm       = form{regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$`), "a host name in lowercase letters"}
)

// text returns an input whose value must have the form f.
func text(component, property string, in pulumi.StringPtrInput, f form) pulumi.StringOutput {
	return in.ToStringPtrOutput().ApplyT(func(value *string) (string, error) {
		if value == nil || !f.pattern.MatchString(*value) {
			given := ""
			if value != nil {
				given = *value
			}
			return "", fmt.Errorf("%s: %s must be %s, not %q", component, property, f.meaning, given)
		}
		return *value, nil
	}).(pulumi.StringOutput)
}
