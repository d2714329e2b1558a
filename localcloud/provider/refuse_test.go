package provider

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

// holds fails the test unless err contains each of the words.
func holds(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error with %q", words)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error %q lacks %q", err, w)
		}
	}
}

// Every call for a stack that is not local is refused.
func TestOtherStacksAreRefused(t *testing.T) {
	c := start(t)
	urn := "urn:pulumi:dev::project::aws:sns/topic:Topic::numbers"
	for name, call := range map[string]func() error{
		"CheckConfig": func() error {
			_, err := c.CheckConfig(t.Context(), &pulumirpc.CheckRequest{Urn: "urn:pulumi:dev::project::pulumi:providers:aws::default"})
			return err
		},
		"DiffConfig": func() error {
			_, err := c.DiffConfig(t.Context(), &pulumirpc.DiffRequest{Urn: "urn:pulumi:dev::project::pulumi:providers:aws::default"})
			return err
		},
		"Configure": func() error {
			u := "urn:pulumi:dev::project::pulumi:providers:aws::default"
			_, err := c.Configure(t.Context(), &pulumirpc.ConfigureRequest{Urn: &u})
			return err
		},
		"Check":  func() error { _, err := c.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn}); return err },
		"Diff":   func() error { _, err := c.Diff(t.Context(), &pulumirpc.DiffRequest{Urn: urn}); return err },
		"Create": func() error { _, err := c.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn}); return err },
		"Read":   func() error { _, err := c.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn}); return err },
		"Update": func() error { _, err := c.Update(t.Context(), &pulumirpc.UpdateRequest{Urn: urn}); return err },
		"Delete": func() error { _, err := c.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: urn}); return err },
	} {
		t.Run(name, func(t *testing.T) {
			holds(t, call(), `the stack "dev" is not local`, `eval "$(localcloud env --unset)"`, "--stack 'local,local-*,dev'`")
		})
	}
	_, err := c.Check(t.Context(), &pulumirpc.CheckRequest{Urn: "urn:pulumi:local-anna::project::aws:sns/topic:Topic::numbers", News: c.raw(nil)})
	if err != nil {
		t.Errorf("a stack that a glob allows: %v", err)
	}
	_, err = c.Check(t.Context(), &pulumirpc.CheckRequest{Urn: "nonsense"})
	holds(t, err, "invalid URN")
}

func TestUnknownTypesAndFunctionsAreRefused(t *testing.T) {
	c := start(t)
	_, err := c.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf("aws:dynamodb/globalTable:GlobalTable", "q"), News: c.raw(nil)})
	holds(t, err, "does not emulate the resource type aws:dynamodb/globalTable:GlobalTable; to list what it emulates, run: localcloud types")
	_, err = c.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf("aws:sns/topic:Topik", "q"), News: c.raw(nil)})
	holds(t, err, "did you mean aws:sns/topic:Topic?")
	_, err = c.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "aws:ec2/getAmi:getAmi"})
	holds(t, err, "does not emulate the function aws:ec2/getAmi:getAmi", "localcloud types")
	_, err = c.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "aws:index/getRegion:getRegion",
		Args: c.raw(resource.PropertyMap{"name": resource.NewStringProperty("eu-west-1")})})
	holds(t, err, "region us-east-1", "eu-west-1")
}

// Check refuses what the local cloud does not emulate, and what the schema alone
// rules out. For the rules of services, see TestRefusals.
func TestImpossibleValuesAreRefusedByCheck(t *testing.T) {
	c := start(t)
	write(t, filepath.Join(c.dir, "f.zip"), zipped(t, "one"))
	for name, tc := range map[string]struct {
		token    string
		inputs   map[string]any
		property string // "" if it is nested, or not in the inputs
		reason   string
	}{
		"bucket": {"aws:lambda/function:Function", map[string]any{"s3Bucket": "b"}, "s3Bucket", `does not emulate "s3Bucket"`},
		"typo":   {"aws:lambda/function:Function", map[string]any{"memorysize": 128}, "memorysize", `did you mean "memorySize"?`},
		"variable": {"aws:lambda/function:Function", map[string]any{"environment": map[string]any{"variables": map[string]any{
			"AWS_REGION": "x", "ARN": resource.MakeComputed(resource.NewStringProperty(""))}}}, "", "environment.variables: "},
		"trust":       {"aws:iam/role:Role", map[string]any{"assumeRolePolicy": `{"Statement":[]`}, "assumeRolePolicy", "MalformedPolicyDocument"},
		"fifo":        {"aws:sns/topic:Topic", map[string]any{"fifoTopic": true}, "fifoTopic", "FIFO topics are not emulated"},
		"fifo queue":  {"aws:sqs/queue:Queue", map[string]any{"fifoQueue": true}, "fifoQueue", "FIFO queues are not emulated"},
		"two keys":    {"aws:sqs/queue:Queue", map[string]any{"sqsManagedSseEnabled": true, "kmsMasterKeyId": "alias/aws/sqs"}, "sqsManagedSseEnabled", "conflicts with kmsMasterKeyId"},
		"websocket":   {"aws:apigatewayv2/api:Api", map[string]any{"protocolType": "WEBSOCKET"}, "protocolType", "the local cloud supports only ProtocolType HTTP, not WEBSOCKET"},
		"payload 1.0": {"aws:apigatewayv2/integration:Integration", map[string]any{"apiId": "a", "integrationType": "AWS_PROXY", "integrationUri": "u"}, "", "payloadFormatVersion: BadRequestException: the local cloud supports only PayloadFormatVersion 2.0, not 1.0"},
		"deployment":  {"aws:apigatewayv2/stage:Stage", map[string]any{"apiId": "a"}, "", "autoDeploy: BadRequestException: the local cloud has no deployments"},
		"no role":     {"aws:lambda/function:Function", nil, "", "role: missing required property of aws:lambda/function:Function"},
		"queue policy without a version": {queueToken, map[string]any{"policy": `{"Statement":{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}}`},
			"policy", `timeout while waiting for state to become 'equal' (the policy has no Version: set it to "2012-10-17")`},
		"policy ARN": {"aws:iam/rolePolicyAttachment:RolePolicyAttachment", map[string]any{"policyArn": "arn:aws:iam::aws:policy/Nonsense"}, "policyArn", "does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := c.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(tc.token, "x"), News: c.raw(resource.NewPropertyMapFromMap(tc.inputs))})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(res.Failures, func(f *pulumirpc.CheckFailure) bool {
				return f.Property == tc.property && strings.Contains(f.Reason, tc.reason)
			}) {
				t.Errorf("failures %v, want %s: %s", res.Failures, tc.property, tc.reason)
			}
		})
	}
}

// Errors of the services are worded like the real provider's.
func TestServiceErrors(t *testing.T) {
	c := start(t)
	c.create("aws:sns/topic:Topic", "t", map[string]any{"name": "numbers"})
	inputs := c.check("aws:sns/topic:Topic", "u", nil, resource.PropertyMap{"name": resource.NewStringProperty("numbers")})
	_, err := c.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urnOf("aws:sns/topic:Topic", "u"), Properties: c.raw(inputs)})
	holds(t, err, "creating SNS Topic (numbers): InvalidParameter: ")
	missing := resource.NewPropertyMapFromMap(map[string]any{"name": "gone"})
	_, err = c.Update(t.Context(), &pulumirpc.UpdateRequest{Id: "arn:aws:sns:us-east-1:000000000000:gone", Urn: urnOf("aws:sns/topic:Topic", "t"), News: c.raw(missing)})
	holds(t, err, "updating SNS Topic (arn:aws:sns:us-east-1:000000000000:gone): NotFound: ")
	_, err = c.Read(t.Context(), &pulumirpc.ReadRequest{Id: "nonsense", Urn: urnOf("aws:lambda/permission:Permission", "p")})
	holds(t, err, "reading Lambda Permission (nonsense)", "function/statementId")
	_, err = c.Update(t.Context(), &pulumirpc.UpdateRequest{Urn: urnOf("aws:lambda/permission:Permission", "p")})
	holds(t, err, "every change replaces it")
}

func TestConfiguration(t *testing.T) {
	c := start(t)
	for name, tc := range map[string]struct {
		config map[string]any
		want   map[string]string // reasons by key
	}{
		"valid": {config: map[string]any{
			"region": "us-east-1", "allowedAccountIds": `["000000000000"]`, "forbiddenAccountIds": []any{"123456789012"},
			"defaultTags": map[string]any{"tags": map[string]any{"a": "b"}}, "skipCredentialsValidation": "true", "maxRetries": 3,
			"accessKey": resource.MakeSecret(resource.NewStringProperty("key")), "version": "6.83.2", "profile": "dev",
			"assumeRole": `{"roleArn":"arn:aws:iam::123456789012:role/x"}`,
		}},
		"invalid": {
			config: map[string]any{"region": "eu-west-1", "allowedAccountIds": []any{"123456789012"}, "forbiddenAccountIds": `["000000000000"]`,
				"defaultTags": `{"tag":{}}`, "ignoreTags": map[string]any{}, "regoin": "x"},
			want: map[string]string{
				"region":              "localcloud start --region eu-west-1",
				"allowedAccountIds":   "AWS account ID not allowed: 000000000000",
				"forbiddenAccountIds": "AWS account ID not allowed: 000000000000",
				"defaultTags":         "an object with tags",
				"ignoreTags":          "does not emulate ignoreTags",
				"regoin":              `did you mean "region"?`,
			}},
		"bad tags":   {config: map[string]any{"defaultTags": `{"tags":{"a":1}}`}, want: map[string]string{"defaultTags": `the tag "a" must be a string`}},
		"not a list": {config: map[string]any{"allowedAccountIds": "000000000000"}, want: map[string]string{"allowedAccountIds": "not allowed"}},
		"unknown":    {config: map[string]any{"region": resource.MakeComputed(resource.NewStringProperty(""))}},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := c.CheckConfig(t.Context(), &pulumirpc.CheckRequest{
				Urn: "urn:pulumi:local::project::pulumi:providers:aws::default", News: c.raw(resource.NewPropertyMapFromMap(tc.config))})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, f := range res.Failures {
				got[f.Property] = f.Reason
				if want, ok := tc.want[f.Property]; !ok || !strings.Contains(f.Reason, want) {
					t.Errorf("%s: %s", f.Property, f.Reason)
				}
			}
			if len(got) != len(tc.want) {
				t.Errorf("reasons for %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(tc.want)))
			}
		})
	}
}

// Provider instances of one program have connections and default tags of
// their own.
func TestDefaultTagsAreThoseOfTheInstance(t *testing.T) {
	c := start(t)
	tagged := c.connect(t, map[string]any{"defaultTags": `{"tags":{"team":"blue"}}`})
	inputs := map[string]any{"tags": map[string]any{"own": "1"}}
	plain := c.create("aws:sns/topic:Topic", "plain", inputs)
	m := tagged.create("aws:sns/topic:Topic", "tagged", inputs)
	if got := plain.state["tagsAll"].Mappable(); len(got.(map[string]any)) != 1 {
		t.Errorf("tagsAll without default tags: %v", got)
	}
	if got := m.state["tagsAll"].Mappable().(map[string]any); got["team"] != "blue" || got["own"] != "1" {
		t.Errorf("tagsAll: %v", got)
	}
	if got := m.state["tags"].Mappable().(map[string]any); len(got) != 1 {
		t.Errorf("tags: %v", got)
	}
	tagged.same(m, tagged.read(m, "").inputs, m.inputs)
	tagged.same(m, tagged.read(m, m.id).inputs, m.inputs)

	unconfigured := c.connect(t, nil)
	unconfigured.same(m, m.inputs, unconfigured.read(m, "").inputs)
}

func TestFunctionsOfThePackage(t *testing.T) {
	c := start(t)
	for token, want := range map[string]map[string]any{
		"aws:index/getCallerIdentity:getCallerIdentity": {"accountId": "000000000000", "id": "000000000000",
			"arn": "arn:aws:iam::000000000000:user/developer", "userId": "AIDALOCALDEVELOPERKEY"},
		"aws:index/getRegion:getRegion": {"id": "us-east-1", "name": "us-east-1", "description": "The local cloud", "endpoint": "ec2.us-east-1.amazonaws.com"},
		"aws:index/getPartition:getPartition": {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com",
			"reverseDnsPrefix": "com.amazonaws"},
	} {
		res, err := c.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: token, Args: c.raw(nil)})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.properties(res.Return).Mappable(); !maps.Equal(got, want) {
			t.Errorf("%s: %v", token, got)
		}
	}
}

func TestPluginProtocol(t *testing.T) {
	c := start(t)
	info, err := c.GetPluginInfo(t.Context(), &emptypb.Empty{})
	if err != nil || info.Version != "6.83.2" {
		t.Errorf("info %v, %v", info, err)
	}
	if _, err := c.Attach(t.Context(), &pulumirpc.PluginAttach{Address: "127.0.0.1:1"}); err != nil {
		t.Error(err)
	}
	if _, err := c.Cancel(t.Context(), &emptypb.Empty{}); err != nil {
		t.Error(err)
	}
	s, err := c.GetSchema(t.Context(), &pulumirpc.GetSchemaRequest{})
	if err != nil || s.Schema != `{"name":"aws","version":"6.83.2"}` {
		t.Errorf("schema %v, %v", s, err)
	}
}
