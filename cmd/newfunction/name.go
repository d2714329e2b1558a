package main

import (
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// checkName returns an error if the project or AWS cannot have a function of this name.
func checkName(dir, name string, on trigger, p *program) error {
	switch {
	case !componentName.MatchString(name):
		return fmt.Errorf("the function %q: its name must be lowercase letters, digits and single dashes, and start with a letter", name)
	case name == "testdata" || name == "vendor":
		return fmt.Errorf("the function %q: Go ignores folders of this name", name)
	}
	if _, err := os.Lstat(filepath.Join(dir, "functions", name)); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the function %q: there is a folder functions/%[1]s already", name)
	}
	if c, ok := p.component("", name); ok && c.kind != "Function" {
		return fmt.Errorf("the function %q: %s declares the %s of this name; two components of one name are hard to tell apart", name, c.at, c.kind)
	}
	if _, ok := p.component("Function", on.source); on.kind == queueKind && (ok || on.source == name) {
		return fmt.Errorf("the queue %q: a function has this name; two components of one name are hard to tell apart", on.source)
	}
	return checkLength(dir, name, on, p)
}

// checkLength returns an error if AWS would refuse a physical name of the function's
// resources, which is PROJECT-STACK-ENVIRONMENT-NAME with a suffix, in one of the stacks.
// See longest in infra/serverless.
func checkLength(dir, name string, on trigger, p *program) error {
	project, err := projectName(dir)
	if err != nil {
		return err
	}
	configurations, err := filepath.Glob(filepath.Join(dir, "Pulumi.*.yaml"))
	if err != nil {
		return err
	}
	lengths := map[string]int{name: 64}
	switch on.kind {
	case scheduleKind:
		lengths[name+"-schedule"] = 64
	case topicKind:
		lengths[on.source+"-"+name+"-redrive"] = 80
	case queueKind:
		lengths[on.source+"-dead-letters"] = 80
	}
	for _, configuration := range configurations {
		stack := strings.Split(filepath.Base(configuration), ".")[1]
		for part, longest := range lengths {
			full := project + "-" + stack + "-" + p.environment + "-" + part + "-1a2b3c4"
			if excess := len(full) - longest; excess > 0 {
				return fmt.Errorf("the function %q: in the stack %s, a resource would have the name %s of %d characters, but AWS allows at most %d: shorten the name by %d",
					name, stack, full, len(full), longest, excess)
			}
		}
	}
	return nil
}

// projectName returns the name in Pulumi.yaml.
func projectName(dir string) (string, error) {
	return firstValue(filepath.Join(dir, "Pulumi.yaml"), "name: ")
}

// firstValue returns the rest of the first line in a file that has the prefix.
func firstValue(path, prefix string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(raw)) {
		if value, ok := strings.CutPrefix(line, prefix); ok {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("%s has no line that begins with %q", path, prefix)
}

// initialisms are the parts of names that Go writes in capitals.
var initialisms = map[string]string{"api": "API", "arn": "ARN", "html": "HTML", "http": "HTTP", "id": "ID", "json": "JSON", "url": "URL"}

// camel returns a component's name as an identifier of Go: "getSum" for "get-sum".
func camel(name string) string {
	first, rest, _ := strings.Cut(name, "-")
	for part := range strings.SplitSeq(rest, "-") {
		if capitals, ok := initialisms[part]; ok {
			part = capitals
		} else if part != "" {
			part = strings.ToUpper(part[:1]) + part[1:]
		}
		first += part
	}
	return first
}

// variable returns a new variable for a component: its name as an identifier, with the
// suffix if something has that name already.
func (p *program) variable(name, suffix string) string {
	v := camel(name)
	for p.used[v] || token.IsKeyword(v) || types.Universe.Lookup(v) != nil {
		v += suffix
	}
	p.used[v] = true
	return v
}
