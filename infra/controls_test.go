package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/access"
	"tally/infra/policy"
	"tally/infra/serverless"
	"tally/infra/settings"
	tally "tally/internal/project"
)

// stacks are the names of the stacks that have a Pulumi.<stack>.yaml.
var stacks = []string{"local", "dev", "staging", "prod"}

// TestControls checks every resource of every stack against the rules, and
// compares docs/controls.md with the findings.
func TestControls(t *testing.T) {
	graphs := map[string]policy.Graph{}
	findings := map[string][]policy.Finding{}
	waived := map[string]bool{}
	for _, stack := range stacks {
		graphs[stack] = environmentGraph(t, stack)
		findings[stack] = policy.Check(stack, graphs[stack])
		for _, f := range findings[stack] {
			if f.Waiver == nil {
				t.Errorf("stack %s: %v", stack, f)
			} else {
				waived[stack+" "+f.Waiver.Control] = true
			}
		}
	}
	for _, w := range policy.Waivers() {
		// A stack may comply although it need not, for example if its alarms tell
		// somebody.
		if !slices.ContainsFunc(w.Stacks, func(stack string) bool { return waived[stack+" "+w.Control] }) {
			t.Errorf("%s is waived in the stacks %s, which comply with the rule: remove the waiver", w.Control, w.Stacks)
		}
	}
	compareGenerated(t, "../docs/controls.md", controlsPage(graphs, findings))
}

// TestAlarmsTellSomebody proves that prod violates a rule with each of its alarms if
// the configuration names nobody, and that an email address or a webhook suffices.
func TestAlarmsTellSomebody(t *testing.T) {
	for _, test := range []struct {
		email, webhook string
		tells          bool
	}{{"", "", false}, {"oncall@example.com", "", true}, {"", "https://example.com/alarms", true}} {
		g := environmentGraph(t, "prod", func(s *settings.Settings) { s.AlarmEmail, s.AlarmWebhook = test.email, test.webhook })
		alarms, silent := 0, 0
		for _, r := range g {
			if r.Type == "aws:cloudwatch/metricAlarm:MetricAlarm" {
				alarms++
			}
		}
		for _, f := range policy.Check("prod", g) {
			if f.Waiver == nil && f.Rule.Controls[0] == "CloudWatch.15" && strings.Contains(f.Error(), "main-alarms has no subscription") {
				silent++
			}
		}
		if want := map[bool]int{true: 0, false: alarms}[test.tells]; alarms < 20 || silent != want {
			t.Errorf("%+v: %d of %d alarms tell nobody, want %d", test, silent, alarms, want)
		}
	}
}

// optionalTypes are the resource types that a configuration may add to a stack.
var optionalTypes = []string{
	"aws:apigatewayv2/apiMapping:ApiMapping", "aws:apigatewayv2/authorizer:Authorizer",
	"aws:apigatewayv2/domainName:DomainName", "aws:route53/record:Record",
}

// deployPolicy returns the policy for whoever deploys the stack.
func deployPolicy(t *testing.T, stack access.Stack) access.Policy {
	t.Helper()
	allowed, err := access.Deploy(stack)
	if err != nil {
		t.Fatal(err)
	}
	return allowed
}

// TestAccess compares the policies in docs with those for all resource types of the
// stacks and those that a configuration may add.
func TestAccess(t *testing.T) {
	all := access.Stack{Project: "tally", Types: slices.Clone(optionalTypes)}
	for _, stack := range stacks {
		for _, r := range environmentGraph(t, stack) {
			all.Types = append(all.Types, r.Type)
			if r.Type == "tally:serverless:Environment" {
				all.Environment = r.Name
			}
		}
	}
	for path, policy := range map[string]access.Policy{
		"../docs/deploy-policy.json":        deployPolicy(t, all),
		"../docs/deploy-policy-domain.json": access.Domain(all),
		"../docs/boundary-policy.json":      access.Boundary(all),
	} {
		text, err := json.MarshalIndent(policy, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		compareGenerated(t, path, string(text)+"\n")
	}
}

// TestDeployPolicySize proves that the policy does not grow with the number of
// functions.
func TestDeployPolicySize(t *testing.T) {
	policy := func(functions int) access.Policy {
		return deployPolicy(t, access.Stack{Project: "tally", Environment: "main", Types: typesWith(t, functions)})
	}
	if diff := cmp.Diff(policy(2), policy(20)); diff != "" {
		t.Errorf("the policies with 2 and with 20 functions differ: %s", diff)
	}
}

// typesWith returns the types of the resources of a program with n functions,
// each with a route, a subscription and a schedule.
func typesWith(t *testing.T, n int) []string {
	t.Helper()
	cloud := newFakeCloud()
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		env, err := serverless.NewEnvironment(ctx, "main", environmentArgs(example()))
		if err != nil {
			return err
		}
		topic, err := serverless.NewTopic(env, "topic", nil)
		if err != nil {
			return err
		}
		table, err := serverless.NewTable(env, "table", &serverless.TableArgs{Key: "id"})
		if err != nil {
			return err
		}
		var routes []serverless.Route
		for i := range n {
			f, err := serverless.NewFunction(env, fmt.Sprintf("function-%d", i), functionArgs(example(), "f.zip", nil))
			if err != nil {
				return err
			}
			if _, err := topic.Subscribe(f, &serverless.SubscriptionArgs{Buffer: &serverless.BufferArgs{}}); err != nil {
				return err
			}
			if err := table.GrantRead(f); err != nil {
				return err
			}
			if _, err := serverless.NewSchedule(env, fmt.Sprintf("schedule-%d", i), &serverless.ScheduleArgs{Expression: "rate(1 day)", Function: f}); err != nil {
				return err
			}
			routes = append(routes, serverless.Route{Key: fmt.Sprintf("GET /%d", i), Function: f})
		}
		if _, err := serverless.NewAPI(env, "api", apiArgs(example(), routes...)); err != nil {
			return err
		}
		return env.Complete()
	}, pulumi.WithMocks("tally", "dev", cloud))
	if err != nil {
		t.Fatal(err)
	}
	types := slices.Clone(optionalTypes)
	functions := 0
	for _, r := range cloud.resources {
		types = append(types, r.TypeToken)
		if r.TypeToken == "aws:lambda/function:Function" {
			functions++
		}
	}
	if functions != n {
		t.Fatalf("there are %d functions, want %d", functions, n)
	}
	return types
}

// environmentGraph returns the resources of a stack with its own configuration and
// some changes to it.
func environmentGraph(t *testing.T, stackName string, changes ...func(*settings.Settings)) (g policy.Graph) {
	t.Helper()
	project, err := workspace.LoadProject(filepath.Join("..", "Pulumi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dir, name := t.TempDir(), "Pulumi."+stackName+".yaml"
	if err := errors.Join(tally.CopyFile(filepath.Join("..", name), filepath.Join(dir, name)), tally.AddStandIns(dir, stackName)); err != nil {
		t.Fatal(err)
	}
	file, err := workspace.LoadProjectStack(nil, project, filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	values, err := file.Config.Decrypt(config.NopDecrypter)
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]string{}
	for key, value := range values {
		given[key.String()] = value
	}
	configured, err := settings.Parse("tally", stackName, given)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		change(&configured)
	}
	code := map[string]string{}
	for _, name := range functionNames(t) {
		code[name] = name + ".zip"
	}
	cloud := newFakeCloud()
	err = pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := stack(ctx, configured, code)
		return err
	}, pulumi.WithMocks("tally", stackName, cloud))
	if err != nil {
		t.Fatalf("stack %s: %v", stackName, err)
	}
	for _, r := range cloud.resources {
		entry := policy.Resource{Type: r.TypeToken, Name: r.Name, Inputs: r.Inputs.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
			return "", v.IsArchive() // no rule checks archives
		}), References: map[string][]string{}}
		if parent := urn.URN(r.RegisterRPC.GetParent()); parent != "" {
			entry.Parent = string(parent.Type()) + " " + parent.Name()
		}
		for input, dependencies := range r.RegisterRPC.GetPropertyDependencies() {
			for _, to := range dependencies.GetUrns() {
				entry.References[input] = append(entry.References[input], string(urn.URN(to).Type())+" "+urn.URN(to).Name())
			}
		}
		if i := strings.LastIndex(r.Provider, "::"); i >= 0 { // the ID follows the URN
			entry.Provider = urn.URN(r.Provider[:i]).Name()
		}
		g = append(g, entry)
	}
	return g
}

// controlsPage returns docs/controls.md: whether each stack complies with each
// rule, and the waivers.
func controlsPage(graphs map[string]policy.Graph, findings map[string][]policy.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Controls

The rules of [infra/policy](../infra/policy), each with the controls of AWS
Security Hub and the policies of Checkov (`+"`CKV`"+`) that require it. The
controls named `+"`TALLY`"+` are this project's own. Tests check every resource of
every stack, and `+"`make preview STACK=prod`"+` checks the resources that the
Pulumi engine would create. `+"`make generate`"+` writes this page.

| Controls | Rule | Checked | %s |
| --- | --- | --- |%s
`, strings.Join(stacks, " | "), strings.Repeat(" --- |", len(stacks)))
	for _, rule := range policy.Rules() {
		var kinds []string
		for _, kind := range rule.Types {
			kinds = append(kinds, kind[strings.LastIndex(kind, ":")+1:])
		}
		fmt.Fprintf(&b, "| %s | %s | %s: %s |", strings.Join(rule.Controls, ", "), rule.Title, strings.Join(kinds, ", "), rule.Property)
		for _, stack := range stacks {
			fmt.Fprintf(&b, " %s |", verdict(rule, graphs[stack], findings[stack]))
		}
		b.WriteByte('\n')
	}
	b.WriteString("\n## Waivers\n\nThe rules that stacks violate on purpose, with the reasons.\n\n| Control | Stacks | Reason |\n| --- | --- | --- |\n")
	for _, w := range policy.Waivers() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", w.Control, strings.Join(w.Stacks, ", "), w.Reason)
	}
	return b.String()
}

// verdict returns the table's entry for a rule and a stack.
func verdict(rule policy.Rule, g policy.Graph, findings []policy.Finding) string {
	switch {
	case slices.ContainsFunc(findings, func(f policy.Finding) bool { return f.Rule.Title == rule.Title && f.Waiver == nil }):
		return "**fails**"
	case slices.ContainsFunc(findings, func(f policy.Finding) bool { return f.Rule.Title == rule.Title }):
		return "waived"
	case slices.ContainsFunc(g, func(r policy.Resource) bool { return slices.Contains(rule.Types, r.Type) }):
		return "passes"
	default:
		return "not applicable"
	}
}
