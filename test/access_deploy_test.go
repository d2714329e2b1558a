package test

import (
	"context"
	"encoding/json"
	"maps"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/localcloud/iam"
	"tally/localcloud/localcloudtest"
)

// localAccount is the account of the local cloud.
const localAccount = "000000000000"

// before and after return settings between which most resources change. Each adds
// resources that the other does not have. certificate is the ARN of a certificate.
func before() map[string]string {
	return map[string]string{"tally:reservedConcurrency": "5", "tally:encryption": "customer", "tally:corsOrigins[0]": "https://example.com"}
}

func after(stack, certificate string) map[string]string {
	return map[string]string{
		"tally:reservedConcurrency": "0", "tally:encryption": "managed", "tally:corsOrigins": "",
		"tally:owner": "another", "tally:memory": "256", "tally:logRetentionDays": "60", "tally:asyncRetries": "1", "tally:throttleRate": "7", "tally:timeout": "20",
		"tally:sumsWebhook": "https://example.com/sums", "tally:sumsQueue": "true", "tally:buffer": "true", "tally:alarmEmail": "on-call@example.com",
		"tally:auth": "jwt", "tally:allowPublic": "false", "tally:jwtIssuer": "https://login.example.com/", "tally:jwtAudience[0]": "tally",
		"tally:domainName": domainOf(stack), "tally:domainZoneId": zone, "tally:domainCertificateArn": certificate,
	}
}

// TestDeployerCanDeploy deploys, updates and destroys every environment in the local
// cloud. It proves for each operation of the provider that the policies of the deploy
// role allow the requests that it would make on AWS, that the policies allow nothing
// else, and that the stack works within the boundary.
func TestDeployerCanDeploy(t *testing.T) {
	t.Parallel() // the time counts from when it runs
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	dir := copyProject(t)
	local := localcloudtest.Start(t)
	stacks := []string{"dev", "staging", "prod"}
	certificate := beforehand(ctx, t, local, stacks)
	used := usage{}
	for _, stack := range stacks {
		first, then := map[string]string{}, map[string]string{"tally:logRetentionDays": "400", "tally:memory": "1024", "tally:throttleRate": "9"}
		if stack == "dev" {
			first, then = before(), after(stack, certificate)
		}
		operations := lifeOf(ctx, t, local, dir, stack, first, then)
		used.check(newDeployer(t, localAccount, stack, deployPolicy, domainPolicy), operations)
	}
	used.complete(t)
}

// beforehand deploys what exists before the stacks: their permissions boundaries, as
// in docs/aws.md, and a certificate, whose ARN it returns.
func beforehand(ctx context.Context, t *testing.T, local *localcloudtest.Cloud, stacks []string) string {
	t.Helper()
	return local.Deploy(ctx, localcloudtest.Program{Project: "beforehand", Config: map[string]string{"aws:region": "us-east-1"}, Run: func(ctx *pulumi.Context) error {
		for _, stack := range stacks {
			inputs := pulumi.Map{"name": pulumi.String("boundary-tally-" + stack), "policy": pulumi.String(policyFile(t, boundaryPolicy, localAccount, stack))}
			if err := ctx.RegisterResource("aws:iam/policy:Policy", stack, inputs, &pulumi.CustomResourceState{}); err != nil {
				return err
			}
		}
		var certificate pulumi.CustomResourceState
		inputs := pulumi.Map{"domainName": pulumi.String("*.example.com"), "validationMethod": pulumi.String("DNS")}
		if err := ctx.RegisterResource("aws:acm/certificate:Certificate", "certificate", inputs, &certificate); err != nil {
			return err
		}
		ctx.Export("certificate", certificate.ID())
		return nil
	}}).Output(ctx, "certificate")
}

// lifeOf deploys a stack with its own configuration and the settings in first, updates
// it with those in then, and destroys it. It returns the operations of the provider.
func lifeOf(ctx context.Context, t *testing.T, local *localcloudtest.Cloud, dir, name string, first, then map[string]string) []operation {
	t.Helper()
	log := filepath.Join(t.TempDir(), "calls.json")
	common := map[string]string{
		"tally:permissionsBoundary": "arn:aws:iam::" + localAccount + ":policy/boundary-tally-" + name,
		"tally:protect":             "false", // which only Pulumi knows
		"tally:architecture":        map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH],
	}
	maps.Copy(common, first)
	stack := local.NewStack(ctx, localcloudtest.Program{Dir: dir, Stack: name, Config: common})
	if err := stack.Workspace().SetEnvVars(map[string]string{"PULUMI_DEBUG_GRPC": log}); err != nil {
		t.Fatal(err)
	}
	if _, err := stack.Up(ctx); err != nil {
		t.Fatal(err)
	}
	if name == "dev" { // whose API is public
		d := deployed{t, local, outputs(ctx, t, stack)}
		d.adds(ctx)
	}
	configure(ctx, t, stack, then)
	if _, err := stack.Up(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := stack.Destroy(ctx); err != nil {
		t.Fatal(err)
	}
	return readOperations(t, log)
}

// configure changes the configuration of a stack. An empty value removes a key.
func configure(ctx context.Context, t *testing.T, stack *localcloudtest.Stack, changes map[string]string) {
	t.Helper()
	config := auto.ConfigMap{}
	for key, value := range changes {
		if value != "" {
			config[key] = auto.ConfigValue{Value: value}
		} else if err := stack.RemoveConfig(ctx, key); err != nil {
			t.Fatal(err)
		}
	}
	if err := stack.SetAllConfigWithOptions(ctx, config, &auto.ConfigOptions{Path: true}); err != nil {
		t.Fatal(err)
	}
}

// usage counts the operations and the uses of each action of each statement.
type usage struct {
	operations map[string]int // by method and type
	actions    map[string]int // by statement and action
}

// check fails the test unless the policies allow each request of the operations.
func (u *usage) check(d deployer, operations []operation) {
	d.t.Helper()
	if u.operations == nil {
		u.operations, u.actions = map[string]int{}, map[string]int{}
	}
	w := &world{t: d.t, state: map[string]map[string]any{}}
	for _, o := range operations {
		if !strings.HasPrefix(o.kind, "aws:") {
			continue
		}
		u.operations[o.method+" "+o.kind]++
		if o.kind == "aws:iam/rolePolicy:RolePolicy" && o.method == "Create" {
			d.checkInBounds(o.new["policy"].(string))
		}
		for _, r := range w.requests(o) {
			decision := d.decide(r)
			if decision.Effect != iam.Allow {
				d.t.Errorf("stack %s: %s %s: the policies do not allow %s on %s with %v", d.stack, o.method, o.id, r.Action, r.Resource, r.Context)
			}
			for _, reason := range decision.Reasons {
				u.actions[reason.Sid+" "+r.Action]++
			}
		}
	}
}

// checkInBounds fails the test unless the permissions boundary of the stack's roles
// allows everything that a policy of one of them does.
func (d deployer) checkInBounds(policy string) {
	d.t.Helper()
	boundary, err := iam.ParsePolicyForAWS(iam.BoundaryPolicy, policyFile(d.t, boundaryPolicy, localAccount, d.stack))
	if err != nil {
		d.t.Fatal(err)
	}
	own, err := iam.ParsePolicy(iam.IdentityPolicy, policy)
	if err != nil {
		d.t.Fatal(err)
	}
	var document struct {
		Statement []struct{ Action, Resource []string }
	}
	if err := json.Unmarshal([]byte(policy), &document); err != nil {
		d.t.Fatal(err)
	}
	for _, s := range document.Statement {
		for _, action := range s.Action {
			for _, arn := range s.Resource {
				r := ask(action, arn, "kms:ResourceAliases=alias/tally-"+d.stack+"-main")
				if iam.Evaluate(r, []*iam.Policy{own, boundary}).Effect != iam.Allow {
					d.t.Errorf("stack %s: the boundary does not allow %s on %s", d.stack, action, arn)
				}
			}
		}
	}
}

// unused explains the allowed actions that no operation uses, by statement and
// action.
var unused = map[string]string{
	"Functions lambda:UntagResource":               untagged,
	"Roles iam:UntagRole":                          untagged,
	"Topics sns:UntagResource":                     untagged,
	"Queues sqs:UntagQueue":                        untagged,
	"Tables dynamodb:UntagResource":                untagged,
	"Logs logs:UntagResource":                      untagged,
	"Alarms cloudwatch:UntagResource":              untagged,
	"Key kms:UntagResource":                        untagged,
	"TagsOfAPI apigateway:DELETE":                  untagged,
	"Roles iam:UpdateAssumeRolePolicy":             "a later version of the components may have another trust policy",
	"RolesInBounds iam:PutRolePermissionsBoundary": "for a stack that was deployed before it had a boundary",
	"Domain apigateway:PATCH":                      "a later version of the components may have another security policy",
	"Key kms:UpdateKeyDescription":                 "a later version of the components may have another description",
	"Topics sns:SetSubscriptionAttributes":         "the program may set a filter policy",
	"WithoutARN cloudwatch:GetMetricData":          "cmd/rollout watches new versions",
}

const untagged = "a later version of the components may have fewer tags"

// complete fails the test unless each action of the policies was used or is in unused,
// and every type was created, updated and deleted, if it can be.
func (u *usage) complete(t *testing.T) {
	t.Helper()
	for _, file := range []string{deployPolicy, domainPolicy} {
		var document struct {
			Statement []struct {
				Sid    string
				Action []string
			}
		}
		if err := json.Unmarshal([]byte(policyFile(t, file, localAccount, "dev")), &document); err != nil {
			t.Fatal(err)
		}
		for _, s := range document.Statement {
			for _, action := range s.Action {
				key := s.Sid + " " + action
				uses := 0
				for used, n := range u.actions {
					if match, err := path.Match(key, used); err != nil {
						t.Fatal(err)
					} else if match {
						uses += n
					}
				}
				if reason := unused[key]; uses == 0 && reason == "" {
					t.Errorf("%s: no operation uses %s", file, key)
				} else if uses > 0 && reason != "" {
					t.Errorf("%s: %s is used %d times: remove it from unused (%s)", file, key, uses, reason)
				}
			}
		}
	}
	for kind, of := range awsCalls {
		for method, made := range map[string][]call{"Create": of.create, "Update": of.update, "Delete": of.delete} {
			key := method + " " + kind
			if n := u.operations[key]; made != nil && (n > 0) == slices.Contains(without, key) {
				t.Errorf("%s: %d operations; correct the list of those without any", key, n)
			}
		}
	}
}

// without lists the operations that no change of the configuration causes.
var without = []string{
	"Update aws:apigatewayv2/apiMapping:ApiMapping", "Update aws:apigatewayv2/authorizer:Authorizer", "Update aws:apigatewayv2/domainName:DomainName",
	"Update aws:apigatewayv2/integration:Integration", "Update aws:iam/rolePolicy:RolePolicy", "Update aws:kms/alias:Alias",
	"Update aws:route53/record:Record", "Update aws:sns/topicPolicy:TopicPolicy", "Update aws:sns/topicSubscription:TopicSubscription",
	"Update aws:sqs/queuePolicy:QueuePolicy",
}
