package iam

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tally/local/cloud"
)

// ParsePolicy reads a policy document of that kind, strictly: what AWS does
// not know is an error, as is what it would ignore without a word. The error
// is a *cloud.Error with code MalformedPolicyDocument: AWS's words, then in
// brackets where the document is wrong.
func ParsePolicy(kind Kind, document string) (*Policy, error) {
	p := parser{kind: kind}
	root, err := decodeDocument(document)
	if err != nil {
		if kind == TrustPolicy {
			return nil, malformed("This policy contains invalid Json", "document", "%v", err)
		}
		return nil, syntaxError("document", "%v", err)
	}
	return p.policy(root)
}

func malformed(words, at, format string, args ...any) error {
	return cloud.Errorf(400, "MalformedPolicyDocument", "%s (%s: %s)", words, at, fmt.Sprintf(format, args...))
}

func syntaxError(at, format string, args ...any) error {
	return malformed("Syntax errors in policy.", at, format, args...)
}

// parser holds what is known of the document so far.
type parser struct {
	kind      Kind
	variables bool // "${…}" is a variable, not text
}

func (p parser) policy(root any) (*Policy, error) {
	o, ok := root.(*object)
	if !ok {
		return nil, syntaxError("document", "must be an object")
	}
	for _, name := range o.names {
		if !slices.Contains([]string{"Version", "Id", "Statement"}, name) {
			return nil, p.unknown("document", name)
		}
	}
	if err := p.header(o); err != nil {
		return nil, err
	}
	list := oneOrMore(o.members["Statement"])
	if len(list) == 0 {
		return nil, syntaxError("Statement", "must not be empty")
	}
	policy := &Policy{Kind: p.kind}
	for i, v := range list {
		s, err := p.statement(fmt.Sprintf("Statement[%d]", i), v)
		if err != nil {
			return nil, err
		}
		sameSid := func(other Statement) bool { return s.Sid != "" && other.Sid == s.Sid }
		if slices.ContainsFunc(policy.Statements, sameSid) {
			return nil, malformed("Statement IDs (SID) in a single policy must be unique.", fmt.Sprintf("Statement[%d]", i), "%q again", s.Sid)
		}
		policy.Statements = append(policy.Statements, s)
	}
	return policy, nil
}

// header reads Version and Id. A document without a version is of the older
// one, which has no variables.
func (p *parser) header(o *object) error {
	switch version, given := o.members["Version"]; {
	case version == "2012-10-17":
		p.variables = true
	case given && version != "2008-10-17":
		return syntaxError("Version", `must be "2012-10-17"`)
	}
	if id, given := o.members["Id"]; given {
		if _, ok := id.(string); !ok {
			return syntaxError("Id", "must be a string")
		}
	}
	return nil
}

// unknown words an element that the grammar does not have there.
func (p parser) unknown(at, name string) error {
	if p.kind == TrustPolicy {
		return malformed("Unknown field "+name, at, "has no element %q", name)
	}
	return syntaxError(at, "has no element %q", name)
}

// elements reads the elements of a statement.
var elements = map[string]func(p parser, s *Statement, at string, v any) error{
	"Sid":          parser.sid,
	"Effect":       parser.effect,
	"Principal":    parser.principal,
	"NotPrincipal": parser.notPrincipal,
	"Action":       parser.action,
	"NotAction":    parser.notAction,
	"Resource":     parser.resource,
	"NotResource":  parser.notResource,
	"Condition":    parser.condition,
}

func (p parser) statement(at string, v any) (Statement, error) {
	var s Statement
	o, ok := v.(*object)
	if !ok {
		return s, syntaxError(at, "must be an object")
	}
	for _, name := range o.names {
		read, known := elements[name]
		if !known {
			return s, p.unknown(at, name)
		}
		if _, both := o.members["Not"+name]; both {
			return s, syntaxError(at, "has both %s and Not%s", name, name)
		}
		if err := read(p, &s, at+"."+name, o.members[name]); err != nil {
			return s, err
		}
	}
	return s, p.complete(at, &s)
}

// complete looks for elements that are missing, or must be.
func (p parser) complete(at string, s *Statement) error {
	switch hasPrincipal, hasResource := s.principals != nil, !s.resources.empty(); {
	case s.Effect == "":
		return syntaxError(at, "has no Effect")
	case p.kind == IdentityPolicy && hasPrincipal:
		return malformed("Policy document should not specify a principal.", at, "it applies to the identity it is attached to")
	case p.kind == TrustPolicy && hasResource:
		return malformed("Has prohibited field Resource", at, "a trust policy is about its own role")
	case p.kind == TrustPolicy && !hasPrincipal:
		return malformed("Missing required field Principal", at, "says not who is trusted")
	case p.kind == ResourcePolicy && !hasPrincipal:
		return syntaxError(at, "has no Principal")
	case s.actions.empty():
		return malformed("Policy statement must contain actions.", at, "has no Action")
	case p.kind != TrustPolicy && !hasResource:
		return malformed("Policy statement must contain resources.", at, "has no Resource")
	}
	return nil
}

// identitySid is what AWS takes in policies of identities; resource policies
// of some services take more.
var identitySid = regexp.MustCompile(`^[0-9A-Za-z]*$`)

func (p parser) sid(s *Statement, at string, v any) error {
	sid, ok := v.(string)
	if !ok {
		return syntaxError(at, "must be a string")
	}
	if p.kind == IdentityPolicy && !identitySid.MatchString(sid) {
		return malformed("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*", at, "is %q", sid)
	}
	s.Sid = sid
	return nil
}

func (p parser) effect(s *Statement, at string, v any) error {
	if v != string(Allow) && v != string(Deny) {
		return syntaxError(at, `must be "Allow" or "Deny"`)
	}
	s.Effect = Effect(v.(string))
	return nil
}

func (p parser) notPrincipal(s *Statement, at string, v any) error {
	err := p.principal(s, at, v)
	if err == nil {
		s.principals.except = true
	}
	return err
}

func (p parser) principal(s *Statement, at string, v any) error {
	s.principals = &principals{everyone: v == "*"}
	if v == "*" {
		return nil
	}
	o, ok := v.(*object)
	if !ok || len(o.names) == 0 {
		return syntaxError(at, `must be "*" or an object with AWS, Service or Federated`)
	}
	for _, kind := range o.names {
		if !slices.Contains([]string{"AWS", "Service", "Federated"}, kind) {
			return syntaxError(at, "has no element %q: it may hold AWS, Service and Federated", kind)
		}
		values, ok := texts(o.members[kind])
		if !ok || len(values) == 0 {
			return syntaxError(at+"."+kind, "must be a string or a list of strings, with one at least")
		}
		for _, value := range values {
			if !s.principals.add(kind, value) {
				return malformed(fmt.Sprintf("Invalid principal in policy: %q:%q", strings.ToUpper(kind), value), at, "check its spelling")
			}
		}
	}
	return nil
}

func (p parser) notAction(s *Statement, at string, v any) error {
	s.actions.except = true
	return p.action(s, at, v)
}

func (p parser) action(s *Statement, at string, v any) error {
	actions, ok := texts(v)
	if !ok {
		return syntaxError(at, "must be a string or a list of strings")
	}
	for _, a := range actions {
		if err := p.checkAction(at, a); err != nil {
			return err
		}
		// Actions have no variables, so this cannot fail.
		t, err := syntax{wildcards: true}.parse(strings.ToLower(a))
		if err != nil {
			return err
		}
		s.actions.templates = append(s.actions.templates, t)
	}
	return nil
}

var vendor = regexp.MustCompile(`^(\*|[A-Za-z0-9.-]+)$`)

func (p parser) checkAction(at, action string) error {
	service, _, prefixed := strings.Cut(action, ":")
	switch {
	case p.kind == TrustPolicy && !strings.HasPrefix(strings.ToLower(action), "sts:"):
		return malformed("AssumeRole policy may only specify STS AssumeRole actions.", at, "is %q", action)
	case action == "*":
		return nil
	case !prefixed:
		return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.", at, "is %q", action)
	case strings.Count(action, ":") > 1:
		return malformed("Actions/Condition can contain only one colon.", at, "is %q", action)
	case !vendor.MatchString(service):
		return malformed(fmt.Sprintf("Vendor %s is not valid", service), at, "is %q", action)
	}
	return nil
}

func (p parser) notResource(s *Statement, at string, v any) error {
	s.resources.except = true
	return p.resource(s, at, v)
}

func (p parser) resource(s *Statement, at string, v any) error {
	resources, ok := texts(v)
	if !ok {
		return syntaxError(at, "must be a string or a list of strings")
	}
	for _, r := range resources {
		if err := checkResource(at, r); err != nil {
			return err
		}
		t, err := syntax{true, p.variables}.parse(r)
		if err != nil {
			return syntaxError(at, "%v", err)
		}
		s.resources.templates = append(s.resources.templates, t)
	}
	return nil
}

func checkResource(at, resource string) error {
	parts := strings.SplitN(resource, ":", 6)
	switch {
	case resource == "*":
		return nil
	case parts[0] != "arn":
		return malformed(fmt.Sprintf(`Resource %s must be in ARN format or "*".`, resource), at, "an ARN starts with arn:aws:")
	case len(parts) > 1 && parts[1] != "aws":
		return malformed(fmt.Sprintf("Partition %q is not valid for resource %q.", parts[1], resource), at, "the local cloud is of partition aws")
	case len(parts) < 3 || !vendor.MatchString(parts[2]) || parts[2] == "*":
		return malformed("Resource vendor must be fully qualified and cannot contain regexes.", at, "is %q", resource)
	case len(parts) < 6:
		return malformed("The policy failed legacy parsing", at, "%q has %d of the six parts of an ARN", resource, len(parts))
	}
	return nil
}

func (p parser) condition(s *Statement, at string, v any) error {
	operators, ok := v.(*object)
	if !ok {
		return syntaxError(at, "must be an object")
	}
	for _, name := range operators.names {
		at := at + "." + name
		comparison, known := parseComparison(name)
		if !known {
			return syntaxError(at, "is no condition operator")
		}
		keys, ok := operators.members[name].(*object)
		if !ok {
			return syntaxError(at, "must be an object of condition keys")
		}
		for _, key := range keys.names {
			if !strings.Contains(key, ":") {
				return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.", at, "is %q", key)
			}
			tests, err := p.tests(comparison, at+"."+key, keys.members[key])
			if err != nil {
				return err
			}
			s.conditions = append(s.conditions, condition{strings.ToLower(key), comparison, tests})
		}
	}
	return nil
}

// tests compiles the values of one condition key. Numbers and booleans stand
// for their text.
func (p parser) tests(c comparison, at string, v any) ([]test, error) {
	var tests []test
	for _, one := range oneOrMore(v) {
		var operand string
		switch one := one.(type) {
		case string:
			operand = one
		case json.Number:
			operand = one.String()
		case bool:
			operand = strconv.FormatBool(one)
		default:
			return nil, syntaxError(at, "must be a string or a list of strings")
		}
		t, err := c.compile(operand, p.variables)
		if err != nil {
			return nil, syntaxError(at, "%v", err)
		}
		tests = append(tests, t)
	}
	if tests == nil {
		return nil, syntaxError(at, "must not be empty")
	}
	return tests, nil
}
