package iam

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// elements maps the name of each element of a statement to its parser. The
// argument at is the position of the element, for error messages.
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

// identitySid matches the Sids that AWS accepts in identity policies. Resource
// policies of some services may contain other characters.
var identitySid = regexp.MustCompile(`^[0-9A-Za-z]*$`)

func (p parser) sid(s *Statement, at string, v any) error {
	sid, ok := v.(string)
	if !ok {
		return syntaxError(at, "must be a string")
	}
	if p.kind.ofIdentity() && !identitySid.MatchString(sid) {
		return malformed("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*", at, "found %q", sid)
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
			return syntaxError(at, "unknown element %q; only AWS, Service and Federated are allowed", kind)
		}
		values, ok := texts(o.members[kind])
		if !ok || len(values) == 0 {
			return syntaxError(at+"."+kind, "must be a string or a list of at least one string")
		}
		for _, value := range values {
			if err := s.principals.add(kind, value); err != nil {
				return invalidPrincipal(strings.ToUpper(kind), value, at, "%v", err)
			}
		}
	}
	return nil
}

func (p parser) notAction(s *Statement, at string, v any) error {
	s.actions.except = true
	return p.action(s, at, v)
}

func (p parser) action(s *Statement, at string, v any) (err error) {
	s.actions.templates, err = p.templates(at, v, syntax{wildcards: true, lower: true}, p.checkAction)
	return err
}

// templates parses a string or a list of strings. Each string must pass check.
func (p parser) templates(at string, v any, x syntax, check func(at, text string) error) ([]template, error) {
	list, ok := texts(v)
	if !ok {
		return nil, syntaxError(at, "must be a string or a list of strings")
	}
	var all []template
	for _, text := range list {
		if err := check(at, text); err != nil {
			return nil, err
		}
		t, err := x.parse(text)
		if err != nil {
			return nil, syntaxError(at, "%v", err)
		}
		if err := p.checkVariables(at, t); err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// trustActions are the actions that a trust policy may contain.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
// https://github.com/hashicorp/terraform-provider-aws/issues/32872
var trustActions = []string{
	"sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity", "sts:SetContext", "sts:SetSourceIdentity", "sts:TagSession",
}

// trusts reports whether an action of STS, or a pattern of such actions, matches any
// of trustActions.
func trusts(action string) bool {
	action = strings.ToLower(action)
	pattern, err := syntax{wildcards: true}.parse(action)
	return err == nil && strings.HasPrefix(action, "sts:") && slices.ContainsFunc(trustActions, func(a string) bool {
		g, ok := pattern.expand(nil)
		return ok && g.match(strings.ToLower(a))
	})
}

var vendor = regexp.MustCompile(`^(\*|[A-Za-z0-9.-]+)$`)

func (p parser) checkAction(at, action string) error {
	service, _, prefixed := strings.Cut(action, ":")
	switch {
	case p.kind == TrustPolicy && !trusts(action):
		return malformed("AssumeRole policy may only specify STS AssumeRole actions.", at, "found %q, not %s", action, strings.Join(trustActions, ", "))
	case action == "*":
		return nil
	case !prefixed:
		return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.", at, "found %q", action)
	case strings.Count(action, ":") > 1:
		return malformed("Actions/Condition can contain only one colon.", at, "found %q", action)
	case !vendor.MatchString(service):
		return malformed(fmt.Sprintf("Vendor %s is not valid", service), at, "found %q", action)
	}
	return nil
}

func (p parser) notResource(s *Statement, at string, v any) error {
	s.resources.except = true
	return p.resource(s, at, v)
}

func (p parser) resource(s *Statement, at string, v any) (err error) {
	s.resources.templates, err = p.templates(at, v, syntax{wildcards: true, variables: p.variables}, checkResource)
	return err
}

func checkResource(at, resource string) error {
	parts := strings.SplitN(resource, ":", 6)
	switch {
	case resource == "*":
		return nil
	case parts[0] != "arn":
		return malformed(fmt.Sprintf(`Resource %s must be in ARN format or "*".`, resource), at, "an ARN starts with arn:aws:")
	case len(parts) > 1 && parts[1] != "aws":
		return malformed(fmt.Sprintf("Partition %q is not valid for resource %q.", parts[1], resource), at, "the local cloud has only the partition aws")
	case len(parts) < 3 || !vendor.MatchString(parts[2]) || parts[2] == "*":
		return malformed("Resource vendor must be fully qualified and cannot contain regexes.", at, "found %q", resource)
	case len(parts) < 6:
		return malformed("The policy failed legacy parsing", at, "an ARN has six parts, %q has %d", resource, len(parts))
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
			return syntaxError(at, "is not a condition operator")
		}
		keys, ok := operators.members[name].(*object)
		if !ok {
			return syntaxError(at, "must be an object of condition keys")
		}
		for _, key := range keys.names {
			if !strings.Contains(key, ":") {
				return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.", at, "found %q", key)
			}
			if err := p.checkKey(at, key); err != nil {
				return err
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

// tests compiles the values of one condition key. Numbers and booleans are
// equivalent to strings with the same text.
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
		if variables, err := (syntax{variables: p.variables}).parse(operand); err == nil {
			if err := p.checkVariables(at, variables); err != nil {
				return nil, err
			}
		}
		tests = append(tests, t)
	}
	if tests == nil {
		return nil, syntaxError(at, "must not be empty")
	}
	return tests, nil
}
