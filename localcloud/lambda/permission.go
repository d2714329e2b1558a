package lambda

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"tally/localcloud/cloud"
)

// Permission is one statement of a function's resource-based policy, which allows
// others to use the function.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
type Permission struct {
	StatementID   string
	Qualifier     string // the version or alias it applies to; "" for the unqualified function
	Action        string // "lambda:InvokeFunction"
	Principal     string // "sns.amazonaws.com", an account, the ARN of a user or role, or "*"
	SourceARN     string // pattern for the resource on whose behalf a service calls; "" for any
	SourceAccount string // account of that resource; "" for any
	// FunctionURLAuthType is the authorization type of the URL to which the permission is
	// limited: "NONE" or "AWS_IAM", or "" for either.
	FunctionURLAuthType string
	// InvokedViaFunctionURL limits the permission to requests to the function's URL.
	InvokedViaFunctionURL bool
}

func (p Permission) validate() error {
	return cmp.Or(
		CheckStatementID(p.StatementID), CheckAction(p.Action), CheckPrincipal(p.Principal),
		cloud.CheckOptional(p.SourceARN, CheckSourceARN), cloud.CheckOptional(p.SourceAccount, CheckSourceAccount),
		cloud.CheckOptional(p.FunctionURLAuthType, CheckPermissionAuthType), CheckURLPermission(p.Action, p.FunctionURLAuthType, p.InvokedViaFunctionURL),
	)
}

// statement is one statement of a policy document, with the fields in AWS's order.
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
	st := statement{Sid: p.StatementID, Effect: "Allow", Principal: principalElement(p.Principal), Action: p.Action, Resource: function}
	st.require("StringEquals", "AWS:SourceAccount", p.SourceAccount)
	st.require("StringEquals", "lambda:FunctionUrlAuthType", p.FunctionURLAuthType)
	st.require("ArnLike", "AWS:SourceArn", p.SourceARN)
	if p.InvokedViaFunctionURL {
		st.require("Bool", "lambda:InvokedViaFunctionUrl", "true")
	}
	return st
}

// require adds a condition to the statement, unless the value is "".
func (st *statement) require(operator, key, value string) {
	if value == "" {
		return
	}
	if st.Condition == nil {
		st.Condition = map[string]map[string]string{}
	}
	if st.Condition[operator] == nil {
		st.Condition[operator] = map[string]string{}
	}
	st.Condition[operator][key] = value
}

// policies returns the policy documents of the function by qualifier. The function
// and each of its versions and aliases that has permissions has a document of its
// own.
func (r record) policies() map[string]string {
	statements := map[string][]statement{}
	for _, p := range r.Permissions {
		statements[p.Qualifier] = append(statements[p.Qualifier], p.statement(r.ARN))
	}
	documents := make(map[string]string, len(statements))
	for qualifier, list := range statements {
		documents[qualifier] = document(list)
	}
	return documents
}

func document(list []statement) string {
	raw, err := json.Marshal(struct {
		Version   string      `json:"Version"`
		ID        string      `json:"Id"`
		Statement []statement `json:"Statement"`
	}{"2012-10-17", "default", list})
	if err != nil {
		panic(fmt.Sprintf("encode a policy: %v", err)) // strings always encode
	}
	return string(raw)
}

// Policy returns the policy document of a function with that ARN that has no other
// permission.
func (p Permission) Policy(function string) string {
	return document([]statement{p.statement(function)})
}

// Statement returns the statement for a function with that ARN, as JSON.
func (p Permission) Statement(function string) string {
	raw, err := json.Marshal(p.statement(function))
	if err != nil {
		panic(fmt.Sprintf("encode a statement: %v", err)) // strings always encode
	}
	return string(raw)
}

// AddPermission adds a statement to the policy of the function, or of one of its
// versions or aliases if there is a qualifier. As in the methods below, function
// has any form that Resolve accepts. AddPermission fails with
// ResourceConflictException if the policy has a statement with that ID, with
// PolicyLengthExceededException if the policy would be too long, and with
// InvalidParameterValueException if a principal in the policy does not exist. As on
// AWS, that includes the principals of statements that were added before.
//
// https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1189
func (s *Service) AddPermission(function string, p Permission) error {
	if err := cmp.Or(p.validate(), CheckPermissionTarget(function, p.Qualifier)); err != nil {
		return err
	}
	to, err := s.Resolve(function, p.Qualifier)
	if err != nil {
		return err
	}
	p.Qualifier = to.Qualifier
	return s.change(to.Name, func(row *record) error {
		if !row.has(p.Qualifier) {
			return errNotFound(to.ARN)
		}
		if row.permission(to, p.StatementID) >= 0 {
			return cloud.Errorf(http.StatusConflict, "ResourceConflictException", "The statement id (%s) provided already exists. "+
				"Please provide a new statement id, or remove the existing statement.", p.StatementID)
		}
		row.Permissions = append(slices.Clone(row.Permissions), p)
		policy := row.policies()[p.Qualifier]
		if n := len(policy); n > maxPolicy {
			return cloud.Errorf(http.StatusBadRequest, "PolicyLengthExceededException", "The final policy size (%d) is bigger than the limit (%d).", n, maxPolicy)
		}
		return rewordPolicyError(cloud.CheckResourcePolicy(s.options.Authorizer, policy))
	})
}

// rewordPolicyError returns the error of Lambda for a principal that does not exist.
func rewordPolicyError(err error) error {
	return cloud.RewordPolicyError(err, func(p *cloud.PolicyError) error {
		if !p.Principal {
			return p
		}
		return errPrincipal(p.Detail)
	})
}

// RemovePermission removes the statement from the function's policy. It fails with
// ResourceNotFoundException.
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

// permission returns the index of the statement with that ID, or -1.
func (r record) permission(to Reference, id string) int {
	return slices.IndexFunc(r.Permissions, func(p Permission) bool {
		return p.StatementID == id && p.Qualifier == plainQualifier(to.Qualifier)
	})
}

// Permission returns one statement of the function's policy. It fails with
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

// Policy returns the function's policy document. It fails with
// ResourceNotFoundException if there is none.
func (s *Service) Policy(function string) (string, error) {
	to, row, err := s.named(function)
	if err != nil {
		return "", err
	}
	policy := row.documents[plainQualifier(to.Qualifier)]
	if policy == "" {
		return "", cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "The resource you requested does not exist.")
	}
	return policy, nil
}

// named returns the reference and the record of a function, which a caller names
// in any form that Resolve accepts.
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
