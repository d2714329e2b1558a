package iam

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
)

var (
	place   = cloud.Place{Region: "us-east-1", Account: "000000000000"}
	numbers = place.ARN("sns", "numbers").String()
	session = cloud.Caller{
		ARN:    place.GlobalARN("sts", "assumed-role/worker/s"),
		UserID: "AROAX:s",
		Role:   "worker",
	}
	service = cloud.Caller{Service: "sns.amazonaws.com", SourceARN: place.ARN("sns", "numbers")}
)

// document is a policy: its kind and the members of its statements.
type document struct {
	kind       Kind
	statements string
}

func parsed(t *testing.T, documents []document) []*Policy {
	t.Helper()
	var policies []*Policy
	for _, d := range documents {
		p, err := ParsePolicy(d.kind, statement(d.statements))
		if err != nil {
			t.Fatal(err)
		}
		policies = append(policies, p)
	}
	return policies
}

func TestEvaluate(t *testing.T) {
	const (
		publish     = `"Effect":"Allow","Action":"sns:Publish","Resource":"arn:aws:sns:us-east-1:000000000000:numbers"`
		deny        = `"Effect":"Deny","Action":"sns:*","Resource":"*"`
		everyone    = `"Principal":"*",`
		roleARN     = "arn:aws:iam::000000000000:role/team/worker"
		accountRoot = `{"AWS":"arn:aws:iam::000000000000:root"}`
	)
	identity := func(s string) document { return document{IdentityPolicy, s} }
	boundary := func(s string) document { return document{BoundaryPolicy, s} }
	resource := func(principal, s string) document { return document{ResourcePolicy, principal + s} }

	for name, tt := range map[string]struct {
		caller   cloud.Caller
		policies []document
		want     Effect
	}{
		"no policy":                        {session, nil, Deny},
		"identity allows":                  {session, []document{identity(publish)}, Allow},
		"resource allows":                  {session, []document{resource(everyone, publish)}, Allow},
		"one of two":                       {session, []document{identity(`"Effect":"Allow","Action":"sqs:*","Resource":"*"`), identity(publish)}, Allow},
		"identity denies, identity allows": {session, []document{identity(publish), identity(deny)}, Deny},
		"resource denies, identity allows": {session, []document{identity(publish), resource(everyone, deny)}, Deny},
		"identity denies, resource allows": {session, []document{identity(deny), resource(everyone, publish)}, Deny},

		"action wildcard":       {session, []document{identity(`"Effect":"Allow","Action":"sns:Pub*","Resource":"*"`)}, Allow},
		"action in other case":  {session, []document{identity(`"Effect":"Allow","Action":"SNS:pUBLISH","Resource":"*"`)}, Allow},
		"action of one letter":  {session, []document{identity(`"Effect":"Allow","Action":"sns:Publis?","Resource":"*"`)}, Allow},
		"every action":          {session, []document{identity(`"Effect":"Allow","Action":"*","Resource":"*"`)}, Allow},
		"other action":          {session, []document{identity(`"Effect":"Allow","Action":["sns:PublishBatch","sns:Publis"],"Resource":"*"`)}, Deny},
		"all but other actions": {session, []document{identity(`"Effect":"Allow","NotAction":["iam:*","sts:*"],"Resource":"*"`)}, Allow},
		"all but this action":   {session, []document{identity(`"Effect":"Allow","NotAction":["iam:*","sns:*"],"Resource":"*"`)}, Deny},

		"resource wildcard":       {session, []document{identity(`"Effect":"Allow","Action":"*","Resource":"arn:aws:sns:*:*:num*"`)}, Allow},
		"resource over colons":    {session, []document{identity(`"Effect":"Allow","Action":"*","Resource":"arn:aws:sns:*:*:*:*"`)}, Deny},
		"resource in other case":  {session, []document{identity(`"Effect":"Allow","Action":"*","Resource":"arn:aws:sns:*:*:NUMBERS"`)}, Deny},
		"other resources":         {session, []document{identity(`"Effect":"Allow","Action":"*","Resource":["arn:aws:sns:*:*:sums","arn:aws:s3:::*"]`)}, Deny},
		"all but other resources": {session, []document{identity(`"Effect":"Allow","Action":"*","NotResource":"arn:aws:sns:*:*:sums"`)}, Allow},
		"all but this resource":   {session, []document{identity(`"Effect":"Allow","Action":"*","NotResource":"arn:aws:sns:*:*:*"`)}, Deny},
		"variable":                {session, []document{identity(`"Effect":"Allow","Action":"*","Resource":"arn:aws:sns:*:*:${aws:PrincipalTag/topic}"`)}, Allow},
		"variable without value":  {session, []document{identity(`"Effect":"Allow","Action":"*","Resource":"arn:aws:sns:*:*:*${aws:PrincipalTag/none}"`)}, Deny},
		"one variable is missing": {session, []document{identity(`"Effect":"Allow","Action":"*","Resource":["arn:aws:sns:*:*:${aws:PrincipalTag/none}","arn:aws:sns:*:*:n*"]`)}, Allow},
		"not a missing variable":  {session, []document{identity(`"Effect":"Allow","Action":"*","NotResource":"arn:aws:sns:*:*:${aws:PrincipalTag/none}"`)}, Deny},

		"role principal":          {session, []document{resource(`"Principal":{"AWS":"`+roleARN+`"},`, publish)}, Allow},
		"role without its path":   {session, []document{resource(`"Principal":{"AWS":"arn:aws:iam::000000000000:role/worker"},`, publish)}, Deny},
		"session principal":       {session, []document{resource(`"Principal":{"AWS":"arn:aws:sts::000000000000:assumed-role/worker/s"},`, publish)}, Allow},
		"other session":           {session, []document{resource(`"Principal":{"AWS":"arn:aws:sts::000000000000:assumed-role/worker/t"},`, publish)}, Deny},
		"any AWS principal":       {session, []document{resource(`"Principal":{"AWS":"*"},`, publish)}, Allow},
		"federated principal":     {session, []document{resource(`"Principal":{"Federated":"*"},`, publish)}, Deny},
		"account grants nothing":  {session, []document{resource(`"Principal":`+accountRoot+`,`, publish)}, Deny},
		"account number":          {session, []document{resource(`"Principal":{"AWS":"000000000000"},`, publish)}, Deny},
		"account is denied":       {session, []document{identity(publish), resource(`"Principal":`+accountRoot+`,`, deny)}, Deny},
		"other account is denied": {session, []document{identity(publish), resource(`"Principal":{"AWS":"111111111111"},`, deny)}, Allow},
		"all but this role":       {session, []document{identity(publish), resource(`"NotPrincipal":{"AWS":"`+roleARN+`"},`, deny)}, Allow},
		"all but this account":    {session, []document{identity(publish), resource(`"NotPrincipal":{"AWS":"000000000000"},`, deny)}, Allow},
		"all but another role":    {session, []document{identity(publish), resource(`"NotPrincipal":{"AWS":"`+roleARN+`2"},`, deny)}, Deny},

		"in bounds":                      {session, []document{identity(publish), boundary(publish)}, Allow},
		"out of bounds":                  {session, []document{identity(publish), boundary(`"Effect":"Allow","Action":"sqs:*","Resource":"*"`)}, Deny},
		"a boundary allows nothing":      {session, []document{boundary(publish)}, Deny},
		"a boundary denies":              {session, []document{identity(publish), boundary(publish), boundary(deny)}, Deny},
		"a boundary limits a role's ARN": {session, []document{resource(`"Principal":{"AWS":"`+roleARN+`"},`, publish), boundary(`"Effect":"Allow","Action":"sqs:*","Resource":"*"`)}, Deny},
		"but not a session's ARN":        {session, []document{resource(`"Principal":{"AWS":"arn:aws:sts::000000000000:assumed-role/worker/s"},`, publish), boundary(`"Effect":"Allow","Action":"sqs:*","Resource":"*"`)}, Allow},
		"nor everyone":                   {session, []document{resource(everyone, publish), boundary(`"Effect":"Allow","Action":"sqs:*","Resource":"*"`)}, Allow},
		"a boundary denies everyone":     {session, []document{resource(everyone, publish), boundary(deny)}, Deny},
		"all but this role, in bounds":   {session, []document{identity(publish), boundary(publish), resource(`"NotPrincipal":{"AWS":"`+roleARN+`"},`, deny)}, Deny},

		"service":                {service, []document{resource(`"Principal":{"Service":"sns.amazonaws.com"},`, publish)}, Allow},
		"other service":          {service, []document{resource(`"Principal":{"Service":"sqs.amazonaws.com"},`, publish)}, Deny},
		"service among everyone": {service, []document{resource(everyone, publish)}, Allow},
		"service and account":    {service, []document{resource(`"Principal":`+accountRoot+`,`, publish)}, Deny},
		"service of the source":  {service, []document{resource(everyone, publish+`,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:numbers"}}`)}, Allow},
		"service, other source":  {service, []document{resource(everyone, publish+`,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:sums"}}`)}, Deny},
		"all but this service":   {service, []document{resource(everyone, publish), resource(`"NotPrincipal":{"Service":"sns.amazonaws.com"},`, deny)}, Allow},
	} {
		r := cloud.Request{Caller: tt.caller, Action: "sns:Publish", Resource: numbers, Context: map[string][]string{
			"aws:PrincipalTag/topic": {"numbers"},
		}}
		if tt.caller.Service == "" {
			r.Context["aws:PrincipalArn"] = []string{roleARN}
		} else {
			r.Context["aws:SourceArn"] = []string{numbers}
		}
		if got := Evaluate(r, parsed(t, tt.policies)); got.Effect != tt.want {
			t.Errorf("%s: decision %v, want %s", name, got, tt.want)
		}
	}
}

func TestDecisionReasons(t *testing.T) {
	const other = `"Effect":"Allow","Action":"sqs:*","Resource":"*"`
	allow := document{IdentityPolicy, other + `},{"Effect":"Allow","Action":"sns:*","Resource":"*"`}
	deny := document{ResourcePolicy, `"Sid":"closed","Principal":"*","Effect":"Deny","Action":"sns:*","Resource":"*"`}
	r := cloud.Request{Caller: session, Action: "sns:Publish", Resource: numbers}

	policies := parsed(t, []document{allow, allow, deny})
	policies[0].Name, policies[1].Name = "first", "second"
	allowing := []Reason{{"first", IdentityPolicy, 1, ""}, {"second", IdentityPolicy, 1, ""}}

	for _, tt := range []struct {
		policies []*Policy
		want     Decision
	}{
		{policies, Decision{Effect: Deny, Reasons: []Reason{{"", ResourcePolicy, 0, "closed"}}}},
		{policies[:2], Decision{Effect: Allow, Reasons: allowing}},
		{nil, Decision{Effect: Deny}},
	} {
		if diff := cmp.Diff(tt.want, Evaluate(r, tt.policies)); diff != "" {
			t.Error(diff)
		}
	}
}
