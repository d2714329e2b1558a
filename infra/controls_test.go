package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/access"
	"tally/infra/policy"
	"tally/infra/settings"
)

// stacks are those that Pulumi.<stack>.yaml configures.
var stacks = []string{"local", "dev", "staging", "prod"}

// TestControls holds every resource of every environment against the rules,
// and docs/controls.md against what came of it.
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
		for _, stack := range w.Stacks {
			if !waived[stack+" "+w.Control] {
				t.Errorf("%s is waived in stack %s, which keeps the rule: remove the waiver", w.Control, stack)
			}
		}
	}
	inStep(t, "../docs/controls.md", controlsPage(graphs, findings))
}

// TestDeployPolicy holds docs/deploy-policy.json against what the stacks are made
// of, and what a configuration may add to them.
func TestDeployPolicy(t *testing.T) {
	types := []string{"aws:apigatewayv2/apiMapping:ApiMapping", "aws:apigatewayv2/authorizer:Authorizer", "aws:apigatewayv2/domainName:DomainName", "aws:route53/record:Record"}
	var components []string
	for _, r := range environmentGraph(t, "prod") {
		types = append(types, r.Type)
		if strings.HasPrefix(r.Type, "tally:") && r.Type != "tally:serverless:Environment" {
			components = append(components, r.Name)
		}
	}
	allowed, err := access.For("tally", types, components)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(allowed, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	inStep(t, "../docs/deploy-policy.json", string(text)+"\n")
}

// environmentGraph is the stack as its own configuration makes it.
func environmentGraph(t *testing.T, stackName string) (g policy.Graph) {
	t.Helper()
	project, err := workspace.LoadProject(filepath.Join("..", "Pulumi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := workspace.LoadProjectStack(nil, project, filepath.Join("..", "Pulumi."+stackName+".yaml"))
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
	configured, err := settings.Parse("tally", given)
	if err != nil {
		t.Fatal(err)
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
			return "", v.IsArchive() // of no interest to a rule
		})}
		if parent := urn.URN(r.RegisterRPC.GetParent()); parent != "" {
			entry.Parent = string(parent.Type()) + " " + parent.Name()
		}
		g = append(g, entry)
	}
	return g
}

// controlsPage says, for each rule, how each stack keeps it.
func controlsPage(graphs map[string]policy.Graph, findings map[string][]policy.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Controls

The rules of [infra/policy](../infra/policy), each with the controls of AWS
Security Hub and the policies of Checkov (`+"`CKV`"+`) that ask for it; those
named TALLY are our own. Tests hold every resource of every environment against
them, and `+"`make preview STACK=prod`"+` what the Pulumi engine would create.
This page is written by `+"`make generate`"+`.

| Controls | Rule | Looked at | %s |
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
	b.WriteString("\n## Waivers\n\nWhat is left out on purpose, and why.\n\n| Control | Stacks | Reason |\n| --- | --- | --- |\n")
	for _, w := range policy.Waivers() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", w.Control, strings.Join(w.Stacks, ", "), w.Reason)
	}
	return b.String()
}

func verdict(rule policy.Rule, g policy.Graph, findings []policy.Finding) string {
	switch {
	case slices.ContainsFunc(findings, func(f policy.Finding) bool { return f.Rule.Title == rule.Title && f.Waiver == nil }):
		return "**fails**"
	case slices.ContainsFunc(findings, func(f policy.Finding) bool { return f.Rule.Title == rule.Title }):
		return "waived"
	case slices.ContainsFunc(g, func(r policy.Resource) bool { return slices.Contains(rule.Types, r.Type) }):
		return "passes"
	default:
		return "has none"
	}
}
