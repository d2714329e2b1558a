package gateway

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
)

// trusting creates a role that trusts the principal, whose policies allow everything.
func (k *kit) trusting(t *testing.T, name, principal, condition string) string {
	t.Helper()
	r := must(k.IAM.CreateRole(iam.Role{Name: name, AssumeRolePolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"AWS":"` + principal + `"},"Action":"sts:AssumeRole"` + condition + `}]}`}))(t)
	if err := k.IAM.PutRolePolicy(name, "all", everything); err != nil {
		t.Fatal(err)
	}
	return k.IAM.RoleARN(r).String()
}

func keysOf(c *types.Credentials) cloud.Credentials {
	return cloud.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

func TestAssumeRole(t *testing.T) {
	k := newKit(t)
	ctx := t.Context()
	client := sts.NewFromConfig(k.config(developer))
	const account, user = "arn:aws:iam::000000000000:root", "arn:aws:iam::000000000000:user/developer"
	admin := k.trusting(t, "admin", account, "")
	in := func(role string) *sts.AssumeRoleInput {
		return &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("me")}
	}

	limited := in(admin)
	limited.Policy = aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:CreateTopic","Resource":"*"}]}`)
	limited.DurationSeconds = aws.Int32(900)
	out := must(client.AssumeRole(ctx, limited))(t)
	//lint:ignore SA1019 clients of earlier versions read it
	packed := *out.PackedPolicySize
	if left := time.Until(*out.Credentials.Expiration); left < 890*time.Second || left > 900*time.Second || *out.AssumedRoleUser.Arn != "arn:aws:sts::000000000000:assumed-role/admin/me" ||
		!strings.HasSuffix(*out.AssumedRoleUser.AssumedRoleId, ":me") || packed < 1 {
		t.Errorf("%+v, expires in %v", out, left)
	}
	as := k.config(keysOf(out.Credentials))
	if got := must(sts.NewFromConfig(as).GetCallerIdentity(ctx, nil))(t); *got.Arn != *out.AssumedRoleUser.Arn {
		t.Error(*got.Arn)
	}
	must(awssns.NewFromConfig(as).CreateTopic(ctx, &awssns.CreateTopicInput{Name: aws.String("t")}))(t)
	_, err := awssns.NewFromConfig(as).ListTopics(ctx, nil)
	want := "AuthorizationError: User: arn:aws:sts::000000000000:assumed-role/admin/me is not authorized to perform: SNS:ListTopics" +
		" on resource: arn:aws:sns:us-east-1:000000000000:* because no session policy allows the SNS:ListTopics action"
	if code(err) != want {
		t.Errorf("got  %s\nwant %s", code(err), want)
	}

	whole := k.config(keysOf(must(client.AssumeRole(ctx, in(admin)))(t).Credentials))
	must(awssns.NewFromConfig(whole).ListTopics(ctx, nil))(t)
	chained := sts.NewFromConfig(whole)
	byName := k.trusting(t, "by-name", user, "")
	external := k.trusting(t, "external", account, `,"Condition":{"StringEquals":{"sts:ExternalId":"secret"}}`)
	lambda := k.role(t, nothing) // trusts only Lambda
	weak := sts.NewFromConfig(k.config(lambda))
	denied := func(caller, role string) string {
		return "AccessDenied: User: " + caller + " is not authorized to perform: sts:AssumeRole on resource: " + role + " because no "
	}
	const session = "arn:aws:sts::000000000000:assumed-role/"
	for name, c := range map[string]struct {
		client *sts.Client
		change func(*sts.AssumeRoleInput)
		role   string
		want   string // prefix; "" for success
	}{
		"named":             {client, nil, byName, ""},
		"others are not":    {chained, nil, byName, denied(session+"admin/me", byName) + "role trust policy allows the sts:AssumeRole action"},
		"by the account":    {chained, nil, admin, ""},
		"no permission":     {weak, nil, admin, denied(session+"worker/session", admin)},
		"for services":      {client, nil, roleARN, denied(user, roleARN) + "role trust policy allows the sts:AssumeRole action"},
		"no role":           {client, nil, admin + "x", denied(user, admin+"x") + "role trust policy allows the sts:AssumeRole action"},
		"external":          {client, func(in *sts.AssumeRoleInput) { in.ExternalId = aws.String("secret") }, external, ""},
		"no external ID":    {client, nil, external, denied(user, external)},
		"too long":          {client, func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(3601) }, admin, "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		"too long in chain": {chained, func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(3601) }, admin, "ValidationError: The requested DurationSeconds exceeds the 1 hour session limit"},
		"too short":         {client, func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(899) }, admin, "ValidationError: 1 validation error detected: Value '899' at 'durationSeconds'"},
		"session name":      {client, func(in *sts.AssumeRoleInput) { in.RoleSessionName = aws.String("a b") }, admin, "ValidationError: 1 validation error detected: Value 'a b' at 'roleSessionName'"},
		"no JSON":           {client, func(in *sts.AssumeRoleInput) { in.Policy = aws.String("{") }, admin, "MalformedPolicyDocument: "},
		"large policy":      {client, func(in *sts.AssumeRoleInput) { in.Policy = aws.String(strings.Repeat(" ", 2049)) }, admin, "ValidationError: "},
		"tags":              {client, func(in *sts.AssumeRoleInput) { in.Tags = []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}} }, admin, "ValidationError: 1 validation error detected: AssumeRole does not take the parameter 'Tags.member.1.Key'"},
		"source identity":   {client, func(in *sts.AssumeRoleInput) { in.SourceIdentity = aws.String("me") }, admin, "ValidationError: 1 validation error detected: AssumeRole does not take the parameter 'SourceIdentity'"},
	} {
		input := in(c.role)
		if c.change != nil {
			c.change(input)
		}
		_, err := c.client.AssumeRole(ctx, input)
		if err != nil && c.want == "" || c.want != "" && !strings.HasPrefix(code(err), c.want) {
			t.Errorf("%s: %s\nwant %s", name, code(err), c.want)
		}
	}
}

func TestAssumedSessionsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := must(iam.New(here, nil))(t)
		r := must(s.CreateRole(iam.Role{Name: "r", AssumeRolePolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"000000000000"},"Action":"sts:AssumeRole"}]}`}))(t)
		c := must(s.Assume(t.Context(), must(s.Credentials(iam.DeveloperKey))(t).Caller, iam.Assumption{Role: s.RoleARN(r).String(), Session: "me", Seconds: 900}))(t)
		time.Sleep(899 * time.Second)
		if _, err := s.Credentials(c.AccessKeyID); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if _, err := s.Credentials(c.AccessKeyID); cloud.ErrorCode(err) != "ExpiredToken" {
			t.Error(err)
		}
	})
}
