package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"tally/localcloud/gateway"
	"tally/localcloud/provider"
	"tally/localcloud/provider/schema"
)

var update = flag.Bool("update", false, "write the tables of README.md instead of comparing them")

// TestReadme compares the tables of README.md with the code.
func TestReadme(t *testing.T) {
	const path = "../../README.md"
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for name, table := range map[string]string{
		"resource types": typesTable(),
		"functions":      functionsList(),
		"operations":     operationsTable(),
	} {
		begin, end := "<!-- begin generated: "+name+" -->\n", "<!-- end generated: "+name+" -->"
		before, rest, ok := strings.Cut(text, begin)
		old, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("README.md does not have the lines %q and %q", begin, end)
		}
		if old != table && !*update {
			t.Errorf("README.md does not list the %s of now; run: make generate", name)
		}
		text = before + begin + table + end + after
	}
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func typesTable() string {
	var b strings.Builder
	b.WriteString("\n| resource type | as a whole | recorded properties | refused properties |\n| --- | --- | --- | --- |\n")
	for _, typ := range provider.Types() {
		whole, recorded := "emulated", code(paths("", typ.Inputs, recordedPaths))
		if typ.Recorded {
			whole, recorded = "recorded", "all"
		}
		refused := append(slices.Clone(typ.Unsupported), paths("", typ.Inputs, refusedPaths)...)
		slices.Sort(refused)
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", typ.Token, whole, recorded, code(refused))
	}
	b.WriteString("\n")
	return b.String()
}

// paths collects what of returns for each property, at every depth.
func paths(prefix string, properties []schema.Property, of func(path string, p schema.Property) []string) (all []string) {
	for _, p := range properties {
		all = append(all, of(prefix+p.Name, p)...)
		all = append(all, paths(prefix+p.Name+".", p.Properties, of)...)
	}
	return all
}

func recordedPaths(path string, p schema.Property) []string {
	if p.Recorded {
		return []string{path}
	}
	return nil
}

func refusedPaths(path string, p schema.Property) (all []string) {
	for _, name := range p.Unsupported {
		all = append(all, path+"."+name)
	}
	return all
}

func functionsList() string {
	return "\n" + code(provider.Functions()) + "\n\n"
}

func operationsTable() string {
	var b strings.Builder
	b.WriteString("\n| service | protocols | operations |\n| --- | --- | --- |\n")
	operations := gateway.Operations()
	for len(operations) > 0 {
		first := operations[0]
		n := slices.IndexFunc(operations, func(o gateway.OperationInfo) bool { return o.Service != first.Service })
		if n < 0 {
			n = len(operations)
		}
		var names []string
		for _, o := range operations[:n] {
			names = append(names, o.Name)
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", first.Service, strings.Join(first.Protocols, ", "), code(names))
		operations = operations[n:]
	}
	b.WriteString("\n")
	return b.String()
}

// code returns the names as a list in code style.
func code(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "`" + strings.Join(names, "`, `") + "`"
}
