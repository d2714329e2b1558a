package lambda

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// Permission is one statement of a function's resource-based policy: who else
// may use the function.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
type Permission struct {
	StatementID   string
	Qualifier     string // the version or alias it is for; "" for the function unqualified
	Action        string // "lambda:InvokeFunction"
	Principal     string // "sns.amazonaws.com", an account, the ARN of a user or role, or "*"
	SourceARN     string // pattern of the resource on whose behalf a service calls; "" for any
	SourceAccount string // account of that resource; "" for any
}

var (
	statementID      = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,100}$`)
	permissionAction = regexp.MustCompile(`^(lambda:[*]|lambda:[a-zA-Z]+|[*])$`)
	accountID        = regexp.MustCompile(`^\d{12}$`)
)

func (p Permission) validate() error {
	if !statementID.MatchString(p.StatementID) {
		return invalid("Value '%s' at 'statementId' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)", p.StatementID)
	}
	if !permissionAction.MatchString(p.Action) {
		return invalid("Value '%s' at 'action' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])", p.Action)
	}
	if _, ok := p.principal(); !ok {
		return cloud.Errorf(http.StatusBadRequest, "InvalidParameterValueException",
			"The provided principal was invalid. Please check the principal and try again.")
	}
	return nil
}

// principal is the Principal element of the statement.
func (p Permission) principal() (element any, ok bool) {
	switch {
	case p.Principal == "*":
		return "*", true
	case strings.HasSuffix(p.Principal, ".amazonaws.com"):
		return map[string]string{"Service": p.Principal}, true
	case accountID.MatchString(p.Principal):
		return map[string]string{"AWS": "arn:aws:iam::" + p.Principal + ":root"}, true
	}
	arn, err := cloud.ParseARN(p.Principal)
	if err != nil || arn.Service != "iam" && arn.Service != "sts" {
		return nil, false
	}
	return map[string]string{"AWS": p.Principal}, true
}

// statement is one element of a policy document, in the order AWS writes it.
type statement struct {
	Sid       string                       `json:"Sid"`
	Effect    string                       `json:"Effect"`
	Principal any                          `json:"Principal"`
	Action    string                       `json:"Action"`
	Resource  string                       `json:"Resource"`
	Condition map[string]map[string]string `json:"Condition,omitempty"`
}

func (p Permission) statement(function string) statement {
	if p.Qualifier != "" {
		function += ":" + p.Qualifier
	}
	element, _ := p.principal()
	st := statement{Sid: p.StatementID, Effect: "Allow", Principal: element, Action: p.Action, Resource: function}
	if p.SourceAccount != "" || p.SourceARN != "" {
		st.Condition = map[string]map[string]string{}
	}
	if p.SourceAccount != "" {
		st.Condition["StringEquals"] = map[string]string{"AWS:SourceAccount": p.SourceAccount}
	}
	if p.SourceARN != "" {
		st.Condition["ArnLike"] = map[string]string{"AWS:SourceArn": p.SourceARN}
	}
	return st
}

// policy is the policy document of the function, or of one version or alias:
// each has its own. It is "" where nobody was permitted anything.
func (r record) policy(qualifier string) string {
	document := struct {
		Version   string      `json:"Version"`
		ID        string      `json:"Id"`
		Statement []statement `json:"Statement"`
	}{Version: "2012-10-17", ID: "default"}
	for _, p := range r.Permissions {
		if p.Qualifier == qualifier {
			document.Statement = append(document.Statement, p.statement(r.ARN))
		}
	}
	if len(document.Statement) == 0 {
		return ""
	}
	raw, err := json.Marshal(document)
	if err != nil {
		panic(fmt.Sprintf("policy of %s: %v", r.Name, err)) // strings always encode
	}
	return string(raw)
}

// AddPermission adds a statement to the policy of the function, or of the
// version or alias that qualifies it. The function, here and below, is named as
// Resolve reads it, with a qualifier or not. It fails with
// ResourceConflictException where the policy has one of that StatementID.
func (s *Service) AddPermission(function string, p Permission) error {
	if err := p.validate(); err != nil {
		return err
	}
	to, err := s.Resolve(function, p.Qualifier)
	if err != nil {
		return err
	}
	if to.Qualifier == latest {
		return badParameter("We currently do not support adding policies for $LATEST.")
	}
	p.Qualifier = to.Qualifier
	return s.change(to.Name, func(row *record) error {
		if !row.knows(p.Qualifier) {
			return errNotFound(to.ARN)
		}
		if row.permission(to, p.StatementID) >= 0 {
			return cloud.Errorf(http.StatusConflict, "ResourceConflictException", "The statement id (%s) provided already exists. "+
				"Please provide a new statement id, or remove the existing statement.", p.StatementID)
		}
		row.Permissions = append(slices.Clone(row.Permissions), p)
		return nil
	})
}

// RemovePermission removes the statement from the function's policy, or fails
// with ResourceNotFoundException.
func (s *Service) RemovePermission(function, id string) error {
	to, err := s.Resolve(function, "")
	if err != nil {
		return err
	}
	return s.change(to.Name, func(row *record) error {
		at := row.permission(to, id)
		if at < 0 {
			return errNoStatement(id)
		}
		row.Permissions = slices.Delete(slices.Clone(row.Permissions), at, at+1)
		return nil
	})
}

// permission is the index of a statement, or -1.
func (r record) permission(to Reference, id string) int {
	return slices.IndexFunc(r.Permissions, func(p Permission) bool {
		return p.StatementID == id && p.Qualifier == plainQualifier(to.Qualifier)
	})
}

// Permission returns one statement of the function's policy, or
// ResourceNotFoundException.
func (s *Service) Permission(function, id string) (Permission, error) {
	to, row, err := s.named(function)
	if err != nil {
		return Permission{}, err
	}
	at := row.permission(to, id)
	if at < 0 {
		return Permission{}, errNoStatement(id)
	}
	return row.Permissions[at], nil
}

// Policy returns the function's policy document, or ResourceNotFoundException
// where it has none.
func (s *Service) Policy(function string) (string, error) {
	to, row, err := s.named(function)
	if err != nil {
		return "", err
	}
	policy := row.policy(plainQualifier(to.Qualifier))
	if policy == "" {
		return "", cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "The resource you requested does not exist.")
	}
	return policy, nil
}

// named is the function that a caller names in any way that Resolve reads.
func (s *Service) named(function string) (Reference, record, error) {
	to, err := s.Resolve(function, "")
	if err != nil {
		return Reference{}, record{}, err
	}
	row, err := s.get(to.Name)
	return to, row, err
}

func errNoStatement(id string) error {
	return cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "Statement %s is not found in resource policy.", id)
}
