package serverless

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// parameterName matches the names that GrantParameter accepts.
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
var parameterName = regexp.MustCompile(`^(/[A-Za-z0-9_.-]+){2,15}$`)

// GrantParameter allows the function to read a parameter of Systems Manager, such as
// "/tally/prod/notify-secret", in the environment's account and region. The parameter
// is not part of the stack, whose state therefore does not contain its value. If it is
// a SecureString, either the account's key for parameters, alias/aws/ssm, must encrypt
// it, which needs no permission of its own, or the key of an environment with a
// CustomerKey.
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html
func (f *Function) GrantParameter(name string, opts ...pulumi.ResourceOption) error {
	if !parameterName.MatchString(name) {
		return fmt.Errorf("grant of the parameter %q to function %s: its name must be a path of 2 to 15 parts, such as /tally/prod/secret, of letters, digits and _.-", name, f.name)
	}
	e := f.env
	partition := e.root.ApplyT(func(arn string) string { return strings.Split(arn, ":")[1] })
	arn := pulumi.Sprintf("arn:%s:ssm:%s:%s:parameter%s", partition, e.region, e.account, name)
	return f.Grant("read"+notWord.ReplaceAllString(strings.ToLower(name), "-"), []string{"ssm:GetParameter"}, pulumi.StringArray{arn}, opts...)
}
