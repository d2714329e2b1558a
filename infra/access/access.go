// Package access derives the IAM policies of a stack from the types of its
// resources: for whoever deploys it, and for the permissions boundary of its roles.
//
// Whoever deploys may create, read, change and delete the resources of the stack,
// and nothing else. One name pattern, PROJECT-STACK-ENVIRONMENT-*, covers the
// resources of a service, so a policy does not grow with the stack. Where AWS's ARNs
// contain no name, the tags project and environment take its place.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Policy is an IAM policy document with placeholders: ACCOUNT for the account's ID,
// STACK for the stack's name and, in a Domain policy, DOMAIN for the name of the
// custom domain and ZONE for the ID of its hosted zone.
type Policy struct {
	Version   string
	Statement []Statement
}

// Statement is a statement of a Policy.
type Statement struct {
	Sid, Effect string
	Action      []string
	Resource    []string                       `json:",omitempty"`
	NotResource []string                       `json:",omitempty"`
	Condition   map[string]map[string][]string `json:",omitempty"`
}

// Stack describes the stacks of a program.
type Stack struct {
	Project     string
	Environment string   // the name of the program's serverless.Environment
	Types       []string // the types of the resources
}

// service describes one statement of a policy: the actions that resource types
// need on some ARNs. ARNs and conditions may contain the placeholders PROJECT,
// and NAME for PROJECT-STACK-ENVIRONMENT.
type service struct {
	sid       string
	types     map[string][]string // the actions by resource type
	arns      []string
	except    []string // ARNs, instead of arns
	condition conditions
}

// conditions maps operators and keys to values.
type conditions = map[string]map[string][]string

// Deploy returns the policy for whoever deploys the stack without a custom domain.
// It returns an error for an AWS type whose actions this package does not list.
func Deploy(s Stack) (Policy, error) {
	for _, t := range s.Types {
		if strings.HasPrefix(t, "aws:") && !knows(deployment, t) && !knows(domain, t) {
			return Policy{}, fmt.Errorf("the permissions to deploy %s are unknown: add them to infra/access", t)
		}
	}
	return s.policy(deployment), nil
}

// Domain returns the policy that whoever deploys needs in addition if the stack has
// a custom domain.
func Domain(s Stack) Policy { return s.policy(domain) }

// Boundary returns the permissions boundary of the stack's roles: the limit of what
// its functions, and the services that act for it, may be allowed.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func Boundary(s Stack) Policy { return s.policy(boundary) }

func knows(services []service, kind string) bool {
	return slices.ContainsFunc(services, func(s service) bool { _, ok := s.types[kind]; return ok })
}

// policy returns a policy with the statements of the services that the stack's
// types need.
func (s Stack) policy(services []service) Policy {
	p := Policy{Version: "2012-10-17"}
	for _, of := range services {
		var actions []string
		for _, t := range s.Types {
			actions = append(actions, of.types[t]...)
		}
		if len(actions) == 0 {
			continue
		}
		slices.Sort(actions)
		p.Statement = append(p.Statement, Statement{
			Sid: of.sid, Effect: "Allow", Action: slices.Compact(actions),
			Resource: s.expand(of.arns), NotResource: s.expand(of.except), Condition: s.conditions(of.condition),
		})
	}
	return p
}

// conditions expands the placeholders in the values of conditions.
func (s Stack) conditions(of conditions) conditions {
	all := maps.Clone(of)
	for operator, keys := range all {
		all[operator] = maps.Clone(keys)
		for key, values := range keys {
			all[operator][key] = s.expand(values)
		}
	}
	return all
}

// expand replaces the placeholders PROJECT and NAME in each value.
func (s Stack) expand(values []string) (expanded []string) {
	for _, v := range values {
		v = strings.ReplaceAll(v, "NAME", "PROJECT-STACK-"+s.Environment)
		expanded = append(expanded, strings.ReplaceAll(v, "PROJECT", s.Project))
	}
	return expanded
}
