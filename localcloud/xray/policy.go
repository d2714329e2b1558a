package xray

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"tally/localcloud/cloud"
)

// Limits of resource policies.
//
// https://docs.aws.amazon.com/xray/latest/api/API_PutResourcePolicy.html
const (
	maxPolicies    = 5
	maxPolicyBytes = 5 * 1024
)

// ResourcePolicy allows services, such as SNS, to write traces.
//
// https://docs.aws.amazon.com/xray/latest/api/API_ResourcePolicy.html
type ResourcePolicy struct {
	PolicyName       string
	PolicyDocument   string // JSON
	PolicyRevisionID string `json:"PolicyRevisionId"` // "1", then one more with each change
	LastUpdatedTime  int64  // Unix time in seconds
}

var policyName = regexp.MustCompile(`^[\w+=,.@-]+$`) // up to 128 characters

// PutResourcePolicy creates or replaces the policy with that name. If revision is not
// "", it must be that of the existing policy, or "0" if none may exist.
//
// https://docs.aws.amazon.com/xray/latest/api/API_PutResourcePolicy.html
func (s *Service) PutResourcePolicy(name, document, revision string) (ResourcePolicy, error) {
	refuse := func(code, format string, args ...any) (ResourcePolicy, error) {
		return ResourcePolicy{}, cloud.Errorf(http.StatusBadRequest, code, format, args...)
	}
	switch {
	case len(name) > 128 || !policyName.MatchString(name):
		return refuse("InvalidRequestException", `PolicyName must be 1 to 128 letters, digits and _+=,.@-, not %q`, name)
	case len(document) > maxPolicyBytes:
		return refuse("PolicySizeLimitExceededException", "The resource policy has %d bytes, and the limit is %d", len(document), maxPolicyBytes)
	}
	if err := s.options.Policies.CheckResourcePolicy(document); err != nil {
		return refuse("MalformedPolicyDocumentException", "%s", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known, exists := s.policies.Get(name)
	current, _ := strconv.Atoi(known.PolicyRevisionID) // 0 if the policy does not exist
	switch {
	case revision != "" && revision != strconv.Itoa(current):
		return refuse("InvalidPolicyRevisionIdException", "The policy %s has the revision %d, not %s", name, current, revision)
	case !exists && len(s.policies.All()) == maxPolicies:
		return refuse("PolicyCountLimitExceededException", "There are already %d resource policies, the limit of an account", maxPolicies)
	}
	p := ResourcePolicy{name, document, strconv.Itoa(current + 1), time.Now().Unix()}
	if err := s.policies.Put(name, p); err != nil {
		return ResourcePolicy{}, err
	}
	s.combineLocked()
	return p, nil
}

// ResourcePolicies returns all resource policies.
func (s *Service) ResourcePolicies() []ResourcePolicy {
	return append([]ResourcePolicy{}, s.policies.All()...)
}

// DeleteResourcePolicy deletes the policy with that name, if it exists.
//
// https://docs.aws.amazon.com/xray/latest/api/API_DeleteResourcePolicy.html
func (s *Service) DeleteResourcePolicy(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.policies.Delete(name); err != nil {
		return err
	}
	s.combineLocked()
	return nil
}

// combineLocked combines the statements of all policies into one document, because
// each of them applies to every request.
func (s *Service) combineLocked() {
	var statements []json.RawMessage
	for _, p := range s.policies.All() {
		var document struct{ Statement json.RawMessage }
		_ = json.Unmarshal([]byte(p.PolicyDocument), &document) // was checked when it was set
		var list []json.RawMessage
		if json.Unmarshal(document.Statement, &list) != nil {
			list = []json.RawMessage{document.Statement}
		}
		for _, statement := range list {
			statements = append(statements, withoutSid(statement))
		}
	}
	s.policy = ""
	if len(statements) > 0 {
		combined, _ := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements}) // valid JSON always encodes
		s.policy = string(combined)
	}
}

// withoutSid returns a statement without its ID, which is unique only within its own
// policy.
func withoutSid(statement json.RawMessage) json.RawMessage {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(statement, &members)
	delete(members, "Sid")
	rest, _ := json.Marshal(members)
	return rest
}
