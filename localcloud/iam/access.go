package iam

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tally/localcloud/cloud"
)

// RoleAccess is what the policies of a role allow it to do, and what it has done since the
// local cloud started, or since its policies changed.
type RoleAccess struct {
	Role   string  `json:"role"` // its name
	Grants []Grant `json:"grants"`
}

// Grant is one action on one resource that a statement allows to a role, as the policy
// writes them.
type Grant struct {
	Policy    string `json:"policy"` // the name of an inline policy, or the ARN of a managed one
	Sid       string `json:"sid,omitempty"`
	Statement int    `json:"statement"` // its index in the policy, from 0
	Action    string `json:"action"`
	Resource  string `json:"resource"`
	// Uses counts the requests that the grant has allowed, and Last is the time of the last
	// one; nil for never.
	Uses int        `json:"uses"`
	Last *time.Time `json:"last,omitempty"`
}

// grantKey identifies a grant of a role. Action and Resource are indexes in the statement.
type grantKey struct {
	role, policy                string
	statement, action, resource int
}

type use struct {
	count int
	last  time.Time
}

// maxRefusals is how many refusals are kept.
const maxRefusals = 200

// observed is what the service has decided since it started.
type observed struct {
	mu       sync.Mutex
	uses     map[grantKey]use
	refusals []cloud.Decision // the newest last
}

// used counts the use of the grants that allowed a request to a role.
func (o *observed) used(q query, id *identity, reasons []Reason, at time.Time) {
	for _, r := range reasons {
		i := slices.IndexFunc(id.policies, func(p *Policy) bool { return p.Name == r.Policy && p.Kind == r.Kind })
		if r.Kind != IdentityPolicy || i < 0 {
			continue
		}
		st := &id.policies[i].Statements[r.Statement]
		key := grantKey{id.role.ID, r.Policy, r.Statement, st.actions.find(q.action, q.keys), st.resources.find(q.Resource, q.keys)}
		o.count(key, at) // all else needs no lock
	}
}

func (o *observed) count(key grantKey, at time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.uses == nil {
		o.uses = map[grantKey]use{}
	}
	o.uses[key] = use{o.uses[key].count + 1, at}
}

// use returns the use of a grant, if there was any.
func (o *observed) use(key grantKey) (use, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	u, ok := o.uses[key]
	return u, ok
}

// find returns the index of the template that matches the value; 0 in a NotAction or
// NotResource element, which has one grant.
func (s selection) find(value string, k *keys) int {
	if s.except {
		return 0
	}
	return max(0, slices.IndexFunc(s.templates, func(t template) bool {
		g, ok := t.expand(k)
		return ok && g.match(value)
	}))
}

// forget removes the uses of a role whose policies have changed: the same index may be
// another statement.
func (o *observed) forget(roleID string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	maps.DeleteFunc(o.uses, func(k grantKey, _ use) bool { return k.role == roleID })
}

func (o *observed) refused(d cloud.Decision) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refusals = append(o.refusals[max(0, len(o.refusals)-maxRefusals+1):], d)
}

// Refusals returns the newest refused requests, the oldest first.
func (s *Service) Refusals() []cloud.Decision {
	s.observed.mu.Lock()
	defer s.observed.mu.Unlock()
	return slices.Clone(s.observed.refusals)
}

// Access returns what all roles may do and have done, ordered by the names of the roles.
// Roles that services assume only to check them, such as when a destination is configured,
// have not used anything.
func (s *Service) Access() []RoleAccess {
	all := []RoleAccess{}
	for _, r := range s.roles.All() {
		all = append(all, RoleAccess{r.Name, s.grants(r)})
	}
	slices.SortFunc(all, func(a, b RoleAccess) int { return cmp.Compare(a.Role, b.Role) })
	return all
}

func (s *Service) grants(r Role) []Grant {
	grants := []Grant{}
	id := s.identity(r.Name)
	if id == nil {
		return grants // it has been deleted
	}
	for _, p := range id.policies {
		for i, st := range written(p.document) {
			if st.Effect != string(Allow) || p.Kind != IdentityPolicy {
				continue
			}
			for a, action := range st.actions() {
				for b, resource := range st.resources() {
					g := Grant{Policy: p.Name, Sid: st.Sid, Statement: i, Action: action, Resource: resource}
					if u, ok := s.observed.use(grantKey{r.ID, p.Name, i, a, b}); ok {
						g.Uses, g.Last = u.count, &u.last
					}
					grants = append(grants, g)
				}
			}
		}
	}
	slices.SortStableFunc(grants, func(a, b Grant) int {
		return cmp.Or(cmp.Compare(a.Policy, b.Policy), cmp.Compare(a.Statement, b.Statement))
	})
	return grants
}

// writtenStatement is a statement as its policy writes it.
type writtenStatement struct {
	Sid, Effect                              string
	Action, NotAction, Resource, NotResource textList
}

func (st writtenStatement) actions() []string   { return orExcept(st.Action, st.NotAction) }
func (st writtenStatement) resources() []string { return orExcept(st.Resource, st.NotResource) }

// orExcept returns the list or, without one, one text for all but those in the other.
func orExcept(list, except []string) []string {
	if list == nil {
		return []string{"all but " + strings.Join(except, ", ")}
	}
	return list
}

type textList []string

func (l *textList) UnmarshalJSON(raw []byte) error {
	if raw[0] == '[' {
		return json.Unmarshal(raw, (*[]string)(l))
	}
	*l = make([]string, 1)
	return json.Unmarshal(raw, &(*l)[0])
}

// written returns the statements of a valid policy.
func written(document string) []writtenStatement {
	var list struct{ Statement []writtenStatement }
	if json.Unmarshal([]byte(document), &list) == nil {
		return list.Statement
	}
	var one struct{ Statement writtenStatement }
	_ = json.Unmarshal([]byte(document), &one) // valid when it was set
	return []writtenStatement{one.Statement}
}

// observe counts the decision on a request, and adds it to the step of the context. The
// argument id is the role of the caller's session, or nil, and refusal the error of a denial.
func (s *Service) observe(ctx context.Context, q query, id *identity, d Decision, refusal error) {
	if cloud.IsCheck(ctx) {
		return
	}
	now, r := time.Now().UTC(), q.Request
	if d.Effect == Allow && id != nil {
		s.observed.used(q, id, d.Reasons, now)
	}
	if d.Effect == Allow && cloud.StepTrace(ctx) == "" {
		return
	}
	out := cloud.Decision{Time: now, Caller: r.Caller.String(), Role: r.Caller.Role, Action: r.Action, Resource: r.Resource, Allowed: d.Effect == Allow}
	for _, reason := range d.Reasons {
		out.Reasons = append(out.Reasons, cloud.Reason{Policy: policyNames[reason.Kind] + named(reason.Policy), Sid: reason.Sid, Statement: reason.Statement})
	}
	if d.Effect == Deny {
		out.Message = refusal.Error()
		out.Missing, out.Where = missing(r, d)
		s.observed.refused(out)
	}
	cloud.Decided(ctx, out)
}

func named(policy string) string {
	if policy == "" {
		return ""
	}
	return " " + policy
}

// policyNames are the kinds of policies for people.
var policyNames = map[Kind]string{
	IdentityPolicy: "policy", ResourcePolicy: "resource policy", TrustPolicy: "trust policy",
	KeyPolicy: "key policy", BoundaryPolicy: "permissions boundary", SessionPolicy: "session policy",
}

// missing returns the smallest statement that would have allowed a request, and the policy
// that it belongs to. If a statement denies the request, no other can allow it: where then
// names that one.
func missing(r cloud.Request, d Decision) (statement, where string) {
	if len(d.Reasons) > 0 {
		reason := d.Reasons[0]
		return "", "statement " + strconv.Itoa(reason.Statement) + named(reason.Sid) + " of the " + policyNames[reason.Kind] + named(reason.Policy) + " denies it; change that"
	}
	st := struct {
		Effect    string
		Principal map[string]string `json:",omitempty"`
		Action    string
		Resource  string                       `json:",omitempty"`
		Condition map[string]map[string]string `json:",omitempty"`
	}{Effect: string(Allow), Action: r.Action, Resource: r.Resource}
	where = "a policy of role " + r.Caller.Role
	switch {
	case d.OutOfBounds:
		where = "the permissions boundary of role " + r.Caller.Role
	case d.OutOfSession:
		where = "the session policy"
	case r.Caller.Service != "":
		where = "the resource policy of " + r.Resource
		st.Principal = map[string]string{"Service": r.Caller.Service}
		if r.Caller.SourceARN != (cloud.ARN{}) {
			st.Condition = map[string]map[string]string{"ArnEquals": {"aws:SourceArn": r.Caller.SourceARN.String()}}
		}
	case d.Undelegated, r.Caller.Role == "":
		where = "the resource policy of " + r.Resource
		st.Principal = map[string]string{"AWS": r.Caller.ARN.String()}
		if r.Caller.Anonymous() {
			st.Principal = map[string]string{"AWS": "*"}
		}
	}
	if r.Action == "sts:AssumeRole" && r.Caller.Service != "" {
		where, st.Resource = "the trust policy of "+r.Resource, ""
	}
	return cloud.EncodeJSON(st), where
}
