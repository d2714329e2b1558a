// Package cloud defines the vocabulary of the local cloud: names, callers,
// errors, and the few interfaces through which services call each other. It
// imports none of the services.
package cloud

import (
	"errors"
	"fmt"
	"strings"
)

// ARN is an Amazon Resource Name, "arn:partition:service:region:account:resource".
// The resource part is not split: it may contain further colons and slashes.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
type ARN struct {
	Partition string // "aws"
	Service   string // "sns"
	Region    string // "us-east-1", empty for global services
	Account   string // twelve digits, empty if the service has no account
	Resource  string // "numbers-1a2b3c4", "function:add-numbers"
}

// ParseARN splits s into its parts. The error has AWS's wording ("An ARN must have
// at least 6 elements, not 1") but does not name the parameter; the caller adds
// the name.
func ParseARN(s string) (ARN, error) {
	parts := strings.SplitN(s, ":", 6)
	if len(parts) < 6 {
		//lint:ignore ST1005 AWS's own wording
		return ARN{}, fmt.Errorf("An ARN must have at least 6 elements, not %d", len(parts))
	}
	if parts[0] != "arn" {
		//lint:ignore ST1005 as above
		return ARN{}, fmt.Errorf("An ARN must start with \"arn\", not %q", parts[0])
	}
	a := ARN{parts[1], parts[2], parts[3], parts[4], parts[5]}
	if a.Partition == "" || a.Service == "" || a.Resource == "" {
		return ARN{}, errors.New("An ARN must name a partition, a service and a resource") //lint:ignore ST1005 as above
	}
	return a, nil
}

// String joins the parts. It returns "" for the zero ARN.
func (a ARN) String() string {
	if a == (ARN{}) {
		return ""
	}
	return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}, ":")
}

// Place is the account and the region of all resources of a local cloud. The
// partition is always "aws".
type Place struct {
	Region  string // "us-east-1"
	Account string // twelve digits
}

// ARN returns the ARN of a regional resource in p.
func (p Place) ARN(service, resource string) ARN {
	return ARN{"aws", service, p.Region, p.Account, resource}
}

// GlobalARN returns the ARN of a resource in p that belongs to a service without
// regions, such as IAM.
func (p Place) GlobalARN(service, resource string) ARN {
	return ARN{"aws", service, "", p.Account, resource}
}

// ServiceOf returns the service in the ARN s ("sqs"), or "" if s is not an ARN.
func ServiceOf(s string) string {
	a, err := ParseARN(s)
	if err != nil {
		return ""
	}
	return a.Service
}
