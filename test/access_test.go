package test

import (
	"os"
	"strings"
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
)

// deployer is a deploy role with the policies of docs attached, as docs/aws.md
// creates it.
type deployer struct {
	t        *testing.T
	stack    string
	policies []*iam.Policy
}

// newDeployer returns the deploy role of a stack of this project in an account. The
// files are those in docs.
func newDeployer(t *testing.T, account, stack string, files ...string) deployer {
	t.Helper()
	d := deployer{t: t, stack: stack}
	for _, file := range files {
		p, err := iam.ParsePolicyForAWS(iam.IdentityPolicy, policyFile(t, file, account, stack))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		p.Name = file
		d.policies = append(d.policies, p)
	}
	return d
}

// policyFile returns the policy in a file in docs for a stack in an account.
func policyFile(t *testing.T, file, account, stack string) string {
	t.Helper()
	raw, err := os.ReadFile("../docs/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("ACCOUNT", account, "STACK", stack, "ZONE", zone, "DOMAIN", domainOf(stack)).Replace(string(raw))
}

const zone = "Z0123456789ABCDEFGHIJ"

func domainOf(stack string) string { return stack + ".example.com" }

const deployPolicy, domainPolicy, boundaryPolicy = "deploy-policy.json", "deploy-policy-domain.json", "boundary-policy.json"

// decide evaluates a request of the deploy role.
func (d deployer) decide(r cloud.Request) iam.Decision {
	r.Caller = cloud.Caller{ARN: cloud.ARN{Service: "sts", Resource: "assumed-role/deploy-tally-" + d.stack + "/workflow"}, Role: "deploy-tally-" + d.stack}
	return iam.Evaluate(r, d.policies)
}

// A try is an attempt to do what the policies must not allow. It succeeds only if all of
// its requests are allowed.
type try struct {
	name     string
	requests []cloud.Request
}

// ask returns a request. The context lists condition keys and values, separated by
// spaces: "key=value key=value".
func ask(action, resource string, context ...string) cloud.Request {
	r := cloud.Request{Action: action, Resource: resource, Context: map[string][]string{}}
	for _, pair := range strings.Fields(strings.Join(context, " ")) {
		key, value, _ := strings.Cut(pair, "=")
		r.Context[key] = append(r.Context[key], value)
	}
	return r
}

const (
	ourBoundary   = "iam:PermissionsBoundary=arn:aws:iam::123456789012:policy/boundary-tally-dev"
	otherBoundary = "iam:PermissionsBoundary=arn:aws:iam::aws:policy/AdministratorAccess"
	requestsOurs  = "aws:RequestTag/project=tally aws:RequestTag/environment=dev"
	ours          = "aws:ResourceTag/project=tally aws:ResourceTag/environment=dev"
	prods         = "aws:ResourceTag/project=tally aws:ResourceTag/environment=prod"
)

// escalations are attempts to get permissions that the deploy role does not have.
var escalations = []try{
	{"attach a policy to a role of the stack", []cloud.Request{ask("iam:AttachRolePolicy", role("tally-dev-main-f-1a2b3c4"), ourBoundary)}},
	{"attach a policy to the deploy role", []cloud.Request{ask("iam:AttachRolePolicy", role("deploy-tally-dev"))}},
	{"put a policy on the deploy role", []cloud.Request{ask("iam:PutRolePolicy", role("deploy-tally-dev"))}},
	{"put a policy on the preview role", []cloud.Request{ask("iam:PutRolePolicy", role("preview-tally-dev"))}},
	{"change who may assume the deploy role", []cloud.Request{ask("iam:UpdateAssumeRolePolicy", role("deploy-tally-dev"))}},
	{"create a role without a boundary", []cloud.Request{ask("iam:CreateRole", role("tally-dev-main-f-1a2b3c4"))}},
	{"create a role with another boundary", []cloud.Request{ask("iam:CreateRole", role("tally-dev-main-f-1a2b3c4"), otherBoundary)}},
	{"put a policy on a role without a boundary", []cloud.Request{ask("iam:PutRolePolicy", role("tally-dev-main-f-1a2b3c4"))}},
	{"delete a denying policy of a role without a boundary", []cloud.Request{ask("iam:DeleteRolePolicy", role("tally-dev-main-f-1a2b3c4"))}},
	{"remove a boundary", []cloud.Request{ask("iam:DeleteRolePermissionsBoundary", role("tally-dev-main-f-1a2b3c4"), ourBoundary)}},
	{"replace a boundary", []cloud.Request{ask("iam:PutRolePermissionsBoundary", role("tally-dev-main-f-1a2b3c4"), otherBoundary)}},
	{"change the boundary", []cloud.Request{ask("iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/boundary-tally-dev")}},
	{"change the boundary to an older version", []cloud.Request{ask("iam:SetDefaultPolicyVersion", "arn:aws:iam::123456789012:policy/boundary-tally-dev")}},
	{"delete the boundary", []cloud.Request{ask("iam:DeletePolicy", "arn:aws:iam::123456789012:policy/boundary-tally-dev")}},
	{"change the deploy policy", []cloud.Request{ask("iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/deploy-tally-dev")}},
	{"create a policy", []cloud.Request{ask("iam:CreatePolicy", "arn:aws:iam::123456789012:policy/tally-dev-main-p")}},
	{"create a user", []cloud.Request{ask("iam:CreateUser", "arn:aws:iam::123456789012:user/tally-dev-main-u", ourBoundary)}},
	{"create an access key", []cloud.Request{ask("iam:CreateAccessKey", "arn:aws:iam::123456789012:user/admin")}},
	{"assume a role", []cloud.Request{ask("sts:AssumeRole", role("admin"))}},
	{"assume a role of the stack", []cloud.Request{ask("sts:AssumeRole", role("tally-dev-main-f-1a2b3c4"))}},
	{"trust the workflows of another repository", []cloud.Request{ask("iam:UpdateOpenIDConnectProviderThumbprint", "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com")}},
	{"run a function with another role", []cloud.Request{
		ask("lambda:CreateFunction", function("tally-dev-main-f-1a2b3c4")),
		ask("iam:PassRole", role("admin"), "iam:PassedToService=lambda.amazonaws.com")}},
	{"run a function with the deploy role", []cloud.Request{
		ask("lambda:UpdateFunctionConfiguration", function("tally-dev-main-f-1a2b3c4")),
		ask("iam:PassRole", role("deploy-tally-dev"), "iam:PassedToService=lambda.amazonaws.com")}},
	{"give a role to another service", []cloud.Request{ask("iam:PassRole", role("tally-dev-main-f-1a2b3c4"), "iam:PassedToService=ec2.amazonaws.com")}},
	{"tag the key of the state and use it", []cloud.Request{
		ask("kms:TagResource", stateKey, requestsOurs),
		ask("kms:Decrypt", stateKey, ours)}},
	{"tag a key of another stack and use it", []cloud.Request{
		ask("kms:TagResource", stateKey, requestsOurs, prods),
		ask("kms:Decrypt", stateKey, ours)}},
	{"tag a multi-region key and use it", []cloud.Request{
		ask("kms:TagResource", "arn:aws:kms:us-east-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab", requestsOurs),
		ask("kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab", ours)}},
	{"remove the tags of another key", []cloud.Request{ask("kms:UntagResource", stateKey, prods)}},
	{"put a policy on the key of the state", []cloud.Request{ask("kms:PutKeyPolicy", stateKey)}},
	{"put a policy on a key of another stack", []cloud.Request{ask("kms:PutKeyPolicy", stateKey, prods)}},
	{"delete the key of the state", []cloud.Request{ask("kms:ScheduleKeyDeletion", stateKey)}},
	{"grant the use of the key of the state", []cloud.Request{ask("kms:CreateGrant", stateKey)}},
	{"read the items of the table", []cloud.Request{ask("dynamodb:GetItem", table+"tally-dev-main-sums-1a2b3c4")}},
	{"change the items of the table", []cloud.Request{ask("dynamodb:UpdateItem", table+"tally-dev-main-sums-1a2b3c4")}},
	{"read the secret of the notifications", []cloud.Request{ask("ssm:GetParameter", "arn:aws:ssm:us-east-1:123456789012:parameter/tally/dev/notify-secret")}},
	{"decrypt with another key", []cloud.Request{ask("kms:Decrypt", stateKey)}},
	{"give another key the stack's alias", []cloud.Request{
		ask("kms:CreateAlias", "arn:aws:kms:us-east-1:123456789012:alias/tally-dev-main"),
		ask("kms:CreateAlias", stateKey)}},
	{"move the alias of the state's key", []cloud.Request{
		ask("kms:UpdateAlias", "arn:aws:kms:us-east-1:123456789012:alias/tally-state"),
		ask("kms:UpdateAlias", stateKey, ours)}},
	{"create a key without tags", []cloud.Request{ask("kms:CreateKey", "*")}},
	{"create a key for another stack", []cloud.Request{ask("kms:CreateKey", "*", "aws:RequestTag/project=tally aws:RequestTag/environment=prod")}},
	{"delete the bucket of the state", []cloud.Request{ask("s3:DeleteBucket", "arn:aws:s3:::tally-state-123456789012")}},
	{"change the policy of the state's bucket", []cloud.Request{ask("s3:PutBucketPolicy", "arn:aws:s3:::tally-state-123456789012")}},
	{"tag another API and change it", []cloud.Request{
		ask("apigateway:PUT", apiTags, requestsOurs),
		ask("apigateway:PATCH", anotherAPI, requestsOurs), // changing tags takes it
		ask("apigateway:PATCH", anotherAPI, ours)}},
}

// neighbors are attempts to change what belongs to another stack or team.
var neighbors = []try{
	{"a function", []cloud.Request{ask("lambda:UpdateFunctionCode", function("billing"))}},
	{"a function's queue", []cloud.Request{ask("lambda:CreateEventSourceMapping", "*", "lambda:FunctionArn="+function("billing"))}},
	{"a function's mapping", []cloud.Request{ask("lambda:UpdateEventSourceMapping", mapping, "lambda:FunctionArn="+function("billing"))}},
	{"the mapping of a function of prod", []cloud.Request{ask("lambda:DeleteEventSourceMapping", mapping, "lambda:FunctionArn="+function("tally-prod-main-f-1a2b3c4"))}},
	{"a mapping without its function", []cloud.Request{ask("lambda:DeleteEventSourceMapping", mapping)}},
	{"a table", []cloud.Request{ask("dynamodb:DeleteTable", table+"billing")}},
	{"the role of another team", []cloud.Request{ask("iam:DeleteRole", role("api-gateway-logs"))}},
	{"another role of another team", []cloud.Request{ask("iam:UpdateAssumeRolePolicy", role("alarms-to-chat"))}},
	{"a topic", []cloud.Request{ask("sns:SetTopicAttributes", "arn:aws:sns:us-east-1:123456789012:alarms")}},
	{"a queue", []cloud.Request{ask("sqs:DeleteQueue", "arn:aws:sqs:us-east-1:123456789012:orders")}},
	{"a log group", []cloud.Request{ask("logs:DeleteLogGroup", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/billing")}},
	{"an alarm", []cloud.Request{ask("cloudwatch:DeleteAlarms", "arn:aws:cloudwatch:us-east-1:123456789012:alarm:billing")}},
	{"a dashboard", []cloud.Request{ask("cloudwatch:DeleteDashboards", "arn:aws:cloudwatch::123456789012:dashboard/billing")}},
	{"an API", []cloud.Request{ask("apigateway:DELETE", anotherAPI)}},
	{"an API of prod", []cloud.Request{ask("apigateway:PATCH", anotherAPI, prods)}},
	{"a route of prod", []cloud.Request{ask("apigateway:PATCH", anotherAPI+"/routes/r", prods)}},
	{"a stage", []cloud.Request{ask("apigateway:PATCH", anotherAPI+"/stages/$default")}},
	{"a REST API", []cloud.Request{ask("apigateway:POST", "arn:aws:apigateway:us-east-1::/restapis", requestsOurs)}},
	{"a domain", []cloud.Request{ask("apigateway:DELETE", "arn:aws:apigateway:us-east-1::/domainnames/example.com", ours)}},
	{"a mapping of a domain", []cloud.Request{ask("apigateway:POST", "arn:aws:apigateway:us-east-1::/domainnames/example.com/apimappings", ours)}},
	{"a zone", []cloud.Request{ask("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1",
		"route53:ChangeResourceRecordSetsNormalizedRecordNames=dev.example.com", "route53:ChangeResourceRecordSetsRecordTypes=A")}},
	{"another record in the zone", []cloud.Request{ask("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/"+zone,
		"route53:ChangeResourceRecordSetsNormalizedRecordNames=www.example.com", "route53:ChangeResourceRecordSetsRecordTypes=A")}},
	{"the zone's mail", []cloud.Request{ask("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/"+zone,
		"route53:ChangeResourceRecordSetsNormalizedRecordNames=dev.example.com", "route53:ChangeResourceRecordSetsRecordTypes=MX")}},
	{"the zone itself", []cloud.Request{ask("route53:DeleteHostedZone", "arn:aws:route53:::hostedzone/"+zone)}},
}

const (
	table      = "arn:aws:dynamodb:us-east-1:123456789012:table/"
	mapping    = "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:1234abcd-12ab-34cd-56ef-1234567890ab"
	stateKey   = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	anotherAPI = "arn:aws:apigateway:us-east-1::/apis/a1b2c3d4e5"
	apiTags    = "arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapis%2Fa1b2c3d4e5"
)

func role(name string) string { return "arn:aws:iam::123456789012:role/" + name }
func function(name string) string {
	return "arn:aws:lambda:us-east-1:123456789012:function:" + name
}

// TestDeployerCannotEscalate proves that whoever may deploy a stack can neither
// obtain other permissions nor change what belongs to others, even with the policy
// for custom domains.
func TestDeployerCannotEscalate(t *testing.T) {
	d := newDeployer(t, "123456789012", "dev", deployPolicy, domainPolicy)
	for kind, tries := range map[string][]try{"escalation": escalations, "neighbor": neighbors} {
		for _, attempt := range tries {
			t.Run(kind+" "+attempt.name, func(t *testing.T) {
				if d.allowsAll(attempt.requests) {
					t.Errorf("the policies allow it: %v", attempt.requests)
				}
			})
		}
	}
}

func (d deployer) allowsAll(requests []cloud.Request) bool {
	for _, r := range requests {
		if d.decide(r).Effect == iam.Deny {
			return false
		}
	}
	return true
}

// TestDeployerOfSimilarNames proves that the policies tell apart stacks, projects and
// environments whose names start alike.
func TestDeployerOfSimilarNames(t *testing.T) {
	d := newDeployer(t, "123456789012", "dev", deployPolicy)
	for name, want := range map[string]iam.Effect{
		"tally-dev-main-f-1a2b3c4":       iam.Allow,
		"tally-dev-2-main-f-1a2b3c4":     iam.Deny,
		"tally-dev2-main-f-1a2b3c4":      iam.Deny,
		"tally-dev-mainly-f-1a2b3c4":     iam.Deny,
		"tally-development-main-f":       iam.Deny,
		"tally-other-dev-main-f-1a2b3c4": iam.Deny,
		"tally2-dev-main-f-1a2b3c4":      iam.Deny,
		"my-tally-dev-main-f-1a2b3c4":    iam.Deny,
		"tally-prod-main-f-1a2b3c4":      iam.Deny,
	} {
		for action, arn := range map[string]string{
			"lambda:UpdateFunctionCode":        function(name),
			"iam:DeleteRole":                   role(name),
			"sns:DeleteTopic":                  "arn:aws:sns:us-east-1:123456789012:" + name,
			"sqs:DeleteQueue":                  "arn:aws:sqs:us-east-1:123456789012:" + name,
			"dynamodb:DeleteTable":             table + name,
			"logs:DeleteLogGroup":              "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/" + name,
			"cloudwatch:DeleteAlarms":          "arn:aws:cloudwatch:us-east-1:123456789012:alarm:" + name,
			"cloudwatch:TagResource":           "arn:aws:cloudwatch:us-east-1:123456789012:alarm:" + name,
			"logs:PutRetentionPolicy":          "arn:aws:logs:us-east-1:123456789012:log-group:sns/us-east-1/123456789012/" + name + "/Failure",
			"lambda:DeleteFunctionConcurrency": function(name),
		} {
			if got := d.decide(ask(action, arn)); got.Effect != want {
				t.Errorf("%s on %s: %v, want %s", action, arn, got, want)
			}
		}
	}
	for name, want := range map[string]iam.Effect{"tally-dev-main": iam.Allow, "tally-dev-main-2": iam.Deny, "tally-dev-2-main": iam.Deny} {
		if got := d.decide(ask("cloudwatch:PutDashboard", "arn:aws:cloudwatch::123456789012:dashboard/"+name)); got.Effect != want {
			t.Errorf("dashboard %s: %v", name, got)
		}
	}
}

// TestDomainIsSeparate proves that the deploy policy alone allows nothing on domains
// and zones.
func TestDomainIsSeparate(t *testing.T) {
	d := newDeployer(t, "123456789012", "dev", deployPolicy)
	for _, arn := range []string{
		"arn:aws:apigateway:us-east-1::/domainnames", "arn:aws:apigateway:us-east-1::/domainnames/dev.example.com",
		"arn:aws:apigateway:us-east-1::/domainnames/dev.example.com/apimappings", "arn:aws:route53:::hostedzone/" + zone,
	} {
		for _, action := range []string{"apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT", "route53:ChangeResourceRecordSets", "route53:GetHostedZone"} {
			if got := d.decide(ask(action, arn, requestsOurs, ours)); got.Effect == iam.Allow {
				t.Errorf("%s on %s: %v", action, arn, got)
			}
		}
	}
}

// TestBoundary proves that a role with the boundary cannot do more than the roles of
// the stack, even if its own policies allow everything.
func TestBoundary(t *testing.T) {
	everything, err := iam.ParsePolicy(iam.IdentityPolicy, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	boundary, err := iam.ParsePolicyForAWS(iam.BoundaryPolicy, policyFile(t, boundaryPolicy, "123456789012", "dev"))
	if err != nil {
		t.Fatal(err)
	}
	const topic, queue, alias = "arn:aws:sns:us-east-1:123456789012:", "arn:aws:sqs:us-east-1:123456789012:", "kms:ResourceAliases=alias/"
	for _, test := range []struct {
		request cloud.Request
		want    iam.Effect
	}{
		{ask("sns:Publish", topic+"tally-dev-main-sums-1a2b3c4"), iam.Allow},
		{ask("sqs:SendMessage", queue+"tally-dev-main-f-failures-1a2b3c4"), iam.Allow},
		{ask("logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/tally-dev-main-f:log-stream:s"), iam.Allow},
		{ask("dynamodb:UpdateItem", table+"tally-dev-main-sums-1a2b3c4"), iam.Allow},
		{ask("dynamodb:UpdateItem", table+"tally-prod-main-sums-1a2b3c4"), iam.Deny},
		{ask("dynamodb:Scan", table+"tally-dev-main-sums-1a2b3c4"), iam.Deny},
		{ask("dynamodb:DeleteItem", table+"tally-dev-main-sums-1a2b3c4"), iam.Deny},
		{ask("ssm:GetParameter", "arn:aws:ssm:us-east-1:123456789012:parameter/tally/dev/notify-secret"), iam.Allow},
		{ask("ssm:GetParameter", "arn:aws:ssm:us-east-1:123456789012:parameter/tally/prod/notify-secret"), iam.Deny},
		{ask("xray:PutTraceSegments", "*"), iam.Allow},
		{ask("kms:Decrypt", stateKey, alias+"tally-dev-main"), iam.Allow},
		{ask("kms:Decrypt", stateKey, alias+"tally-state"), iam.Deny},
		{ask("kms:Decrypt", stateKey), iam.Deny},
		{ask("kms:PutKeyPolicy", stateKey, alias+"tally-dev-main"), iam.Deny},
		{ask("sns:Publish", topic+"tally-prod-main-sums-1a2b3c4"), iam.Deny},
		{ask("sns:SetTopicAttributes", topic+"tally-dev-main-sums-1a2b3c4"), iam.Deny},
		{ask("sqs:ReceiveMessage", queue+"orders"), iam.Deny},
		{ask("logs:DeleteLogGroup", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/tally-dev-main-f"), iam.Deny},
		{ask("s3:GetObject", "arn:aws:s3:::tally-state-123456789012/.pulumi/stacks/tally/dev.json"), iam.Deny},
		{ask("iam:CreateUser", "arn:aws:iam::123456789012:user/u"), iam.Deny},
		{ask("sts:AssumeRole", role("admin")), iam.Deny},
		{ask("lambda:UpdateFunctionCode", function("tally-dev-main-f-1a2b3c4")), iam.Deny},
	} {
		if got := iam.Evaluate(test.request, []*iam.Policy{everything, boundary}); got.Effect != test.want {
			t.Errorf("%s on %s: %s, want %s", test.request.Action, test.request.Resource, got.Effect, test.want)
		}
	}
}
