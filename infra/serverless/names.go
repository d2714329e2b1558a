package serverless

import (
	"fmt"
	"regexp"
)

// The longest names of components. Pulumi adds a dash and seven letters to make
// a physical name, and components add words of their own to make the names of
// their parts; the shortest limits that AWS sets to those are a role's 64 and a
// queue's 80 characters.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
const (
	longestRole  = 64 - len("-1a2b3c4")
	longestQueue = 80 - len("-1a2b3c4")

	longestFunction = longestRole
	longestTopic    = longestRole - len("-feedback")
	longestAPI      = 64
	// A stack's name is a part of those of log groups, a dashboard and a key.
	longestStack = 64
)

var (
	component = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	stackName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

// checkName refuses a name that AWS would refuse in one of the names made of it.
func checkName(kind, name string, longest int) error {
	if len(name) > longest || !component.MatchString(name) {
		return fmt.Errorf("%s %q: its name must be 1 to %d small letters, digits and single dashes, and start with a letter", kind, name, longest)
	}
	return nil
}

// checkStack refuses the name of a stack that CloudWatch would refuse.
func checkStack(name string) error {
	if len(name) > longestStack || !stackName.MatchString(name) {
		return fmt.Errorf("stack %q: its name must be 1 to %d letters, digits, dashes and underscores, because it is a part of others", name, longestStack)
	}
	return nil
}
