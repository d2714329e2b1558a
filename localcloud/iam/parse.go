package iam

import (
	"fmt"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// ParsePolicy parses a policy document of the given kind. It is strict: it refuses
// documents that AWS refuses, and also elements that AWS would silently ignore. It
// refuses conditions and variables with a key whose value cannot be known in the local
// cloud. The error is a *cloud.Error with code
// MalformedPolicyDocument, in a *cloud.PolicyError if AWS would refuse the document
// as well. Its message is AWS's, if there is one, followed by the position and the
// description of the mistake in parentheses.
func ParsePolicy(kind Kind, document string) (*Policy, error) {
	return parser{kind: kind}.document(document)
}

// ParsePolicyForAWS parses a document like ParsePolicy, but accepts every condition
// key. Tests use it for policies on requests to AWS itself, which they evaluate with
// all condition keys that AWS would know.
func ParsePolicyForAWS(kind Kind, document string) (*Policy, error) {
	return parser{kind: kind, anyKey: true}.document(document)
}

func (p parser) document(document string) (*Policy, error) {
	root, err := decodeDocument(document)
	if err != nil {
		if p.kind == TrustPolicy {
			return nil, malformed("This policy contains invalid Json", "document", "%v", err)
		}
		return nil, syntaxError("document", "%v", err)
	}
	policy, err := p.policy(root)
	if err == nil {
		policy.document = document
	}
	return policy, err
}

func malformed(words, at, format string, args ...any) *cloud.PolicyError {
	detail := at + ": " + fmt.Sprintf(format, args...)
	return &cloud.PolicyError{Refusal: cloud.Errorf(400, "MalformedPolicyDocument", "%s (%s)", words, detail), Detail: detail}
}

// invalidPrincipal returns the error for a principal of that type that is not valid or
// does not exist.
func invalidPrincipal(kind, value, at, format string, args ...any) error {
	err := malformed(fmt.Sprintf("Invalid principal in policy: %q:%q", kind, value), at, format, args...)
	err.Principal = true
	return err
}

func syntaxError(at, format string, args ...any) error {
	return malformed("Syntax errors in policy.", at, format, args...)
}

// parser holds the properties of a document that affect how its elements are
// parsed.
type parser struct {
	kind      Kind
	anyKey    bool // whether conditions may use keys that cannot be known here
	variables bool // whether "${…}" is a variable and not plain text
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
	list, given := o.members["Statement"]
	if !given || len(oneOrMore(list)) == 0 {
		return nil, syntaxError("document", "has no Statement")
	}
	policy := &Policy{Kind: p.kind}
	for i, v := range oneOrMore(list) {
		at := fmt.Sprintf("Statement[%d]", i)
		s, err := p.statement(at, v)
		if err != nil {
			return nil, err
		}
		sameSid := func(other Statement) bool { return s.Sid != "" && other.Sid == s.Sid }
		if slices.ContainsFunc(policy.Statements, sameSid) {
			return nil, malformed("Statement IDs (SID) in a single policy must be unique.", at, "repeats the Sid %q", s.Sid)
		}
		policy.Statements = append(policy.Statements, s)
	}
	return policy, nil
}

// header parses Version and Id. A document without a Version has the older version,
// which does not support variables.
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

// unknown returns the error for an element that the grammar does not allow at this
// position.
func (p parser) unknown(at, name string) error {
	if p.kind == TrustPolicy {
		return malformed("Unknown field "+name, at, "unknown element %q", name)
	}
	return syntaxError(at, "unknown element %q", name)
}

func (p parser) statement(at string, v any) (Statement, error) {
	var s Statement
	o, ok := v.(*object)
	if !ok {
		return s, syntaxError(at, "must be an object")
	}
	if err := p.checkNames(at, o); err != nil {
		return s, err
	}
	for _, name := range o.names {
		if err := elements[name](p, &s, at+"."+name, o.members[name]); err != nil {
			return s, err
		}
	}
	return s, p.checkMissing(at, &s)
}

// checkNames checks the names of a statement's elements. As on AWS, they are
// checked before the values: if an identity policy is used as a trust policy, the
// error is about its Resource and not about its actions.
func (p parser) checkNames(at string, o *object) error {
	for _, name := range o.names {
		_, known := elements[name]
		_, both := o.members["Not"+name]
		switch {
		case !known:
			return p.unknown(at, name)
		case both:
			return syntaxError(at, "has both %s and Not%s", name, name)
		case p.kind == TrustPolicy && strings.HasSuffix(name, "Resource"):
			return malformed("Has prohibited field "+name, at, "a trust policy applies to the role it is attached to")
		case p.kind.ofIdentity() && strings.HasSuffix(name, "Principal"):
			return malformed("Policy document should not specify a principal.", at, "it applies to the identity it is attached to")
		}
	}
	return nil
}

// checkMissing returns an error if a required element is missing.
func (p parser) checkMissing(at string, s *Statement) error {
	switch hasPrincipal, hasResource := s.principals != nil, !s.resources.empty(); {
	case s.Effect == "":
		return syntaxError(at, "has no Effect")
	case p.kind == TrustPolicy && !hasPrincipal:
		return malformed("Missing required field Principal", at, "has no Principal")
	case !p.kind.ofIdentity() && !hasPrincipal:
		return syntaxError(at, "has no Principal")
	case s.actions.empty():
		return malformed("Policy statement must contain actions.", at, "has no Action")
	case p.kind != TrustPolicy && !hasResource:
		return malformed("Policy statement must contain resources.", at, "has no Resource")
	}
	return nil
}
