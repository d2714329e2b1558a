package kms_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/kms"
	"tally/localcloud/store"
)

var (
	place = cloud.Place{Region: "us-east-1", Account: "000000000000"}
	topic = place.ARN("sns", "numbers")
	queue = place.ARN("sqs", "sums")
	toSQS = cloud.Caller{Service: "sns.amazonaws.com", SourceARN: topic}
	toSNS = cloud.Caller{Service: "cloudwatch.amazonaws.com", SourceARN: place.ARN("cloudwatch", "alarm:a")}
)

// kit is a KMS with the policies of a role.
type kit struct {
	*kms.Service
	iam *iam.Service
	t   *testing.T
}

func newKit(t *testing.T) kit {
	t.Helper()
	principals, err := iam.New(place, nil)
	if err != nil {
		t.Fatal(err)
	}
	service, err := kms.New(place, nil, principals)
	if err != nil {
		t.Fatal(err)
	}
	return kit{service, principals, t}
}

// key creates a key with these statements, or with the default policy.
func (k kit) key(statements ...string) string {
	k.t.Helper()
	in := kms.Key{Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT"}
	if statements != nil {
		in.Policy = policy(statements...)
	}
	made, err := k.CreateKey(in)
	if err != nil {
		k.t.Fatal(err)
	}
	return k.KeyARN(made.ID).String()
}

// worker returns a session of a role with these statements.
func (k kit) worker(statements ...string) cloud.Caller {
	k.t.Helper()
	role, err := k.iam.CreateRole(iam.Role{Name: "worker", AssumeRolePolicy: policy(allow("sts:AssumeRole", `"Principal":{"Service":"lambda.amazonaws.com"}`, ""))})
	if err == nil && statements != nil {
		err = k.iam.PutRolePolicy("worker", "p", policy(statements...))
	}
	if err != nil {
		k.t.Fatal(err)
	}
	c, err := k.iam.AssumeRole(k.t.Context(), cloud.Caller{Service: "lambda.amazonaws.com"}, k.iam.RoleARN(role), "s")
	if err != nil {
		k.t.Fatal(err)
	}
	return c.Caller
}

func policy(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// allow returns a statement about actions, separated by spaces. who is a Principal or a
// Resource, and condition is "" for none.
func allow(actions, who, condition string) string {
	s := `{"Effect":"Allow","Action":["` + strings.ReplaceAll(actions, " ", `","`) + `"],` + who
	if strings.Contains(actions, "kms:") && strings.Contains(who, "Principal") {
		s += `,"Resource":"*"`
	}
	if condition != "" {
		s += `,"Condition":` + condition
	}
	return s + "}"
}

const (
	root     = `"Principal":{"AWS":"arn:aws:iam::000000000000:root"}`
	anything = `"Resource":"*"`
	both     = "kms:GenerateDataKey* kms:Decrypt"
)

func wants(t *testing.T, what string, err error, want string) {
	t.Helper()
	if got := errorText(err); want == "" && err != nil || !strings.Contains(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestWhoMayUseAKey checks callers of the account, whom the key policy allows directly or
// through the account.
func TestWhoMayUseAKey(t *testing.T) {
	const (
		noIdentity   = "because no identity-based policy allows the kms:GenerateDataKey action"
		noResource   = "because no resource-based policy allows the kms:GenerateDataKey action"
		ciphertext   = "AccessDeniedException: The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access. (User: "
		byRole       = `"Principal":{"AWS":"` + "arn:aws:iam::000000000000:role/worker" + `"}`
		viaSNS       = `{"StringEquals":{"kms:ViaService":"sns.us-east-1.amazonaws.com"}}`
		viaSQS       = `{"StringEquals":{"kms:ViaService":"sqs.us-east-1.amazonaws.com"}}`
		ofTopic      = `{"StringEquals":{"kms:EncryptionContext:aws:sns:topicArn":"arn:aws:sns:us-east-1:000000000000:numbers"}}`
		ofAnother    = `{"StringEquals":{"kms:EncryptionContext:aws:sns:topicArn":"arn:aws:sns:us-east-1:000000000000:other"}}`
		ours         = `{"StringEquals":{"kms:CallerAccount":"000000000000"},"Bool":{"aws:ViaAWSService":"true"}}`
		spec         = `{"StringEquals":{"kms:KeySpec":"SYMMETRIC_DEFAULT","kms:KeyUsage":"ENCRYPT_DECRYPT","kms:KeyOrigin":"AWS_KMS","kms:EncryptionAlgorithm":"SYMMETRIC_DEFAULT","kms:CustomerMasterKeySpec":"SYMMETRIC_DEFAULT","kms:CustomerMasterKeyUsage":"ENCRYPT_DECRYPT"},"Bool":{"kms:MultiRegion":"false"}}`
		contextKeys  = `{"ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":"aws:sns:topicArn"}}`
		denied       = `{"Effect":"Deny","Action":"kms:*","Resource":"*"}`
		deniedByRoot = `{"Effect":"Deny","Action":"kms:Decrypt","Resource":"*",` + root + `}`
	)
	for name, tt := range map[string]struct {
		key, role []string // statements; nil for the default policy and for none
		want      string   // the error of encrypting data of the topic
	}{
		"both policies":                  {nil, []string{allow(both, anything, "")}, ""},
		"no grant":                       {nil, nil, noIdentity},
		"only GenerateDataKey":           {nil, []string{allow("kms:GenerateDataKey", anything, "")}, ciphertext},
		"only Decrypt":                   {nil, []string{allow("kms:Decrypt", anything, "")}, noIdentity},
		"grant for another key":          {nil, []string{allow(both, `"Resource":"arn:aws:kms:us-east-1:000000000000:key/other"`, "")}, noIdentity},
		"key policy names the role":      {[]string{allow(both, byRole, "")}, nil, ""},
		"key policy names another role":  {[]string{allow(both, `"Principal":{"AWS":"123456789012"}`, "")}, []string{allow(both, anything, "")}, noResource},
		"account only for other actions": {[]string{allow("kms:PutKeyPolicy", root, "")}, []string{allow("kms:*", anything, "")}, noResource},
		"denied by the role":             {[]string{allow(both, byRole, "")}, []string{denied}, "with an explicit deny in an identity-based policy"},
		"denied by the key":              {[]string{allow("kms:*", root, ""), deniedByRoot}, []string{allow("kms:*", anything, "")}, "with an explicit deny in a resource-based policy"},
		"via SNS":                        {nil, []string{allow(both, anything, viaSNS)}, ""},
		"via SQS":                        {nil, []string{allow(both, anything, viaSQS)}, noIdentity},
		"account via SQS":                {[]string{allow("kms:*", root, viaSQS)}, []string{allow(both, anything, "")}, noResource},
		"for the topic":                  {nil, []string{allow(both, anything, ofTopic)}, ""},
		"for another topic":              {nil, []string{allow(both, anything, ofAnother)}, noIdentity},
		"for the account":                {nil, []string{allow(both, anything, ours)}, ""},
		"for the kind of key":            {nil, []string{allow(both, anything, spec)}, ""},
		"for keys of the context":        {nil, []string{allow(both, anything, contextKeys)}, ""},
		"for the alias":                  {nil, []string{allow(both, anything, `{"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/a"}}`)}, ""},
		"for another alias":              {nil, []string{allow(both, anything, `{"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/b"}}`)}, noIdentity},
		// KMS does not see the address of the client of SNS.
		"from an address": {nil, []string{allow(both, anything, `{"IpAddress":{"aws:SourceIp":"127.0.0.1"}}`)}, noIdentity},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t)
			caller := k.worker(tt.role...)
			key := k.key(tt.key...)
			if err := k.CreateAlias(kms.Alias{Name: "alias/a", KeyID: key[strings.LastIndex(key, "/")+1:]}); err != nil {
				t.Fatal(err)
			}
			ctx := cloud.WithConditionKeys(t.Context(), map[string][]string{"aws:SourceIp": {"127.0.0.1"}})
			for _, reference := range []string{key, key[strings.LastIndex(key, "/")+1:], "alias/a", place.ARN("kms", "alias/a").String()} {
				wants(t, reference, k.EncryptWith(ctx, reference, caller, topic), tt.want)
			}
		})
	}
}

// Receiving requires only kms:Decrypt.
func TestDecryptWith(t *testing.T) {
	k := newKit(t)
	caller := k.worker(allow("kms:Decrypt", anything, ""))
	key := k.key()
	wants(t, "with a grant", k.DecryptWith(t.Context(), key, caller, queue), "")
	if err := k.iam.DeleteRolePolicy("worker", "p"); err != nil {
		t.Fatal(err)
	}
	wants(t, "without", k.DecryptWith(t.Context(), key, caller, queue), "The ciphertext refers to")
}

// Services have no identity policies, so a key policy must name them.
func TestServicesThatUseAKey(t *testing.T) {
	const sns, alarms = `"Principal":{"Service":"sns.amazonaws.com"}`, `"Principal":{"Service":"cloudwatch.amazonaws.com"}`
	for name, tt := range map[string]struct {
		statement string
		caller    cloud.Caller
		resource  cloud.ARN
		want      string
	}{
		"SNS to a queue":        {allow(both, sns, ""), toSQS, queue, ""},
		"not named":             {allow(both, alarms, ""), toSQS, queue, "User: sns.amazonaws.com is not authorized to perform: kms:GenerateDataKey"},
		"account":               {allow("kms:*", root, ""), toSQS, queue, "because no resource-based policy allows"},
		"alarm to a topic":      {allow(both, alarms, `{"StringEquals":{"aws:SourceAccount":"000000000000"}}`), toSNS, topic, ""},
		"of another account":    {allow(both, alarms, `{"StringEquals":{"aws:SourceAccount":"123456789012"}}`), toSNS, topic, "no resource-based policy"},
		"for the source":        {allow(both, sns, `{"ArnLike":{"aws:SourceArn":"arn:aws:sns:us-east-1:000000000000:num*"}}`), toSQS, queue, ""},
		"for another source":    {allow(both, sns, `{"ArnLike":{"aws:SourceArn":"arn:aws:sns:us-east-1:000000000000:sums"}}`), toSQS, queue, "no resource-based policy"},
		"only GenerateDataKey":  {allow("kms:GenerateDataKey*", sns, ""), toSQS, queue, "The ciphertext refers to"},
		"via the queue's":       {allow(both, sns, `{"StringEquals":{"kms:ViaService":"sqs.us-east-1.amazonaws.com"}}`), toSQS, queue, ""},
		"with a caller account": {allow(both, sns, `{"StringEquals":{"kms:CallerAccount":"000000000000"}}`), toSQS, queue, "no resource-based policy"},
	} {
		k := newKit(t)
		wants(t, name, k.EncryptWith(t.Context(), k.key(tt.statement), tt.caller, tt.resource), tt.want)
	}
}

// The keys that AWS manages are for the identities of the account, through one service.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
func TestKeysOfAWS(t *testing.T) {
	k := newKit(t)
	caller := k.worker()
	for name, tt := range map[string]struct {
		key      string
		caller   cloud.Caller
		resource cloud.ARN
		want     string
	}{
		"role to a topic":        {"alias/aws/sns", caller, topic, ""},
		"role to a queue":        {"arn:aws:kms:us-east-1:000000000000:alias/aws/sqs", caller, queue, ""},
		"key of another service": {"alias/aws/sqs", caller, topic, "AccessDeniedException"},
		"alarm to a topic":       {"alias/aws/sns", toSNS, topic, "User: cloudwatch.amazonaws.com is not authorized"},
		"topic to a queue":       {"alias/aws/sqs", toSQS, queue, "User: sns.amazonaws.com is not authorized"},
		"misspelled":             {"alias/aws/snss", caller, topic, "NotFoundException: Alias arn:aws:kms:us-east-1:000000000000:alias/aws/snss is not found."},
	} {
		wants(t, name, k.EncryptWith(t.Context(), tt.key, tt.caller, tt.resource), tt.want)
	}
}

func TestStatesOfKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, err := store.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		principals, err := iam.New(place, nil)
		if err != nil {
			t.Fatal(err)
		}
		open := func() *kms.Service {
			service, err := kms.New(place, st, principals)
			if err != nil {
				t.Fatal(err)
			}
			return service
		}
		s := open()
		developer, err := principals.Credentials("test")
		if err != nil {
			t.Fatal(err)
		}
		use := func(key string) error { return s.EncryptWith(context.Background(), key, developer.Caller, topic) }

		k, err := s.CreateKey(kms.Key{Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", DeletionDays: 7})
		wants(t, "create", err, "")
		wants(t, "enabled", use(k.ID), "")
		k.Disabled = true
		_, err = s.UpdateKey(k)
		wants(t, "update", err, "")
		wants(t, "disabled", use(k.ID), "DisabledException: "+s.KeyARN(k.ID).String()+" is disabled.")
		wants(t, "disabled, for anyone", s.CheckKey(k.ID), "is disabled.")
		wants(t, "delete", s.ScheduleKeyDeletion(k.ID), "")
		wants(t, "pending deletion", use(k.ID), "KMSInvalidStateException: "+s.KeyARN(k.ID).String()+" is pending deletion.")
		_, err = s.Key(k.ID)
		wants(t, "read", err, "NotFoundException: Key '"+s.KeyARN(k.ID).String()+"' does not exist")
		time.Sleep(6 * 24 * time.Hour)
		s = open()
		wants(t, "after 6 days", use(k.ID), "KMSInvalidStateException")
		time.Sleep(2 * 24 * time.Hour)
		s = open()
		wants(t, "after 8 days", use(k.ID), "NotFoundException")

		signing, err := s.CreateKey(kms.Key{Spec: "RSA_2048", Usage: "SIGN_VERIFY"})
		wants(t, "create", err, "")
		wants(t, "to sign", use(signing.ID), "InvalidKeyUsageException")
		wants(t, "of another region", use("arn:aws:kms:eu-west-1:000000000000:key/k"), "NotFoundException: Invalid arn eu-west-1")
		wants(t, "of another account", use("arn:aws:kms:us-east-1:123456789012:key/k"), "")
	})
}
