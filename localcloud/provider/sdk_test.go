package provider

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	dynamodb "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/scheduler"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"

	"tally/localcloud/provider/schema"
)

// sdk holds the arguments and the outputs of each resource type in the SDK that
// programs are written against.
var sdk = map[string]struct{ args, outputs any }{
	"aws:iam/policy:Policy":                                          {iam.PolicyArgs{}, iam.Policy{}},
	"aws:iam/role:Role":                                              {iam.RoleArgs{}, iam.Role{}},
	"aws:iam/rolePolicy:RolePolicy":                                  {iam.RolePolicyArgs{}, iam.RolePolicy{}},
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":              {iam.RolePolicyAttachmentArgs{}, iam.RolePolicyAttachment{}},
	"aws:cloudwatch/logGroup:LogGroup":                               {cloudwatch.LogGroupArgs{}, cloudwatch.LogGroup{}},
	"aws:lambda/function:Function":                                   {lambda.FunctionArgs{}, lambda.Function{}},
	"aws:lambda/alias:Alias":                                         {lambda.AliasArgs{}, lambda.Alias{}},
	"aws:lambda/eventSourceMapping:EventSourceMapping":               {lambda.EventSourceMappingArgs{}, lambda.EventSourceMapping{}},
	"aws:lambda/functionUrl:FunctionUrl":                             {lambda.FunctionUrlArgs{}, lambda.FunctionUrl{}},
	"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {lambda.FunctionEventInvokeConfigArgs{}, lambda.FunctionEventInvokeConfig{}},
	"aws:lambda/permission:Permission":                               {lambda.PermissionArgs{}, lambda.Permission{}},
	"aws:sns/topic:Topic":                                            {sns.TopicArgs{}, sns.Topic{}},
	"aws:sns/topicPolicy:TopicPolicy":                                {sns.TopicPolicyArgs{}, sns.TopicPolicy{}},
	"aws:sns/topicSubscription:TopicSubscription":                    {sns.TopicSubscriptionArgs{}, sns.TopicSubscription{}},
	"aws:sqs/queue:Queue":                                            {sqs.QueueArgs{}, sqs.Queue{}},
	"aws:sqs/queuePolicy:QueuePolicy":                                {sqs.QueuePolicyArgs{}, sqs.QueuePolicy{}},
	"aws:sqs/redriveAllowPolicy:RedriveAllowPolicy":                  {sqs.RedriveAllowPolicyArgs{}, sqs.RedriveAllowPolicy{}},
	"aws:sqs/redrivePolicy:RedrivePolicy":                            {sqs.RedrivePolicyArgs{}, sqs.RedrivePolicy{}},
	"aws:apigatewayv2/api:Api":                                       {apigatewayv2.ApiArgs{}, apigatewayv2.Api{}},
	"aws:apigatewayv2/authorizer:Authorizer":                         {apigatewayv2.AuthorizerArgs{}, apigatewayv2.Authorizer{}},
	"aws:apigatewayv2/integration:Integration":                       {apigatewayv2.IntegrationArgs{}, apigatewayv2.Integration{}},
	"aws:apigatewayv2/route:Route":                                   {apigatewayv2.RouteArgs{}, apigatewayv2.Route{}},
	"aws:apigatewayv2/stage:Stage":                                   {apigatewayv2.StageArgs{}, apigatewayv2.Stage{}},
	"aws:cloudwatch/eventRule:EventRule":                             {cloudwatch.EventRuleArgs{}, cloudwatch.EventRule{}},
	"aws:cloudwatch/eventTarget:EventTarget":                         {cloudwatch.EventTargetArgs{}, cloudwatch.EventTarget{}},
	"aws:scheduler/schedule:Schedule":                                {scheduler.ScheduleArgs{}, scheduler.Schedule{}},
	"aws:scheduler/scheduleGroup:ScheduleGroup":                      {scheduler.ScheduleGroupArgs{}, scheduler.ScheduleGroup{}},
	"aws:secretsmanager/secret:Secret":                               {secretsmanager.SecretArgs{}, secretsmanager.Secret{}},
	"aws:secretsmanager/secretVersion:SecretVersion":                 {secretsmanager.SecretVersionArgs{}, secretsmanager.SecretVersion{}},
	"aws:secretsmanager/secretRotation:SecretRotation":               {secretsmanager.SecretRotationArgs{}, secretsmanager.SecretRotation{}},
	"aws:ssm/parameter:Parameter":                                    {ssm.ParameterArgs{}, ssm.Parameter{}},

	"aws:acm/certificate:Certificate":                     {acm.CertificateArgs{}, acm.Certificate{}},
	"aws:acm/certificateValidation:CertificateValidation": {acm.CertificateValidationArgs{}, acm.CertificateValidation{}},
	"aws:apigatewayv2/apiMapping:ApiMapping":              {apigatewayv2.ApiMappingArgs{}, apigatewayv2.ApiMapping{}},
	"aws:apigatewayv2/domainName:DomainName":              {apigatewayv2.DomainNameArgs{}, apigatewayv2.DomainName{}},
	"aws:cloudwatch/dashboard:Dashboard":                  {cloudwatch.DashboardArgs{}, cloudwatch.Dashboard{}},
	"aws:dynamodb/table:Table":                            {dynamodb.TableArgs{}, dynamodb.Table{}},
	"aws:cloudwatch/metricAlarm:MetricAlarm":              {cloudwatch.MetricAlarmArgs{}, cloudwatch.MetricAlarm{}},
	"aws:kms/alias:Alias":                                 {kms.AliasArgs{}, kms.Alias{}},
	"aws:kms/key:Key":                                     {kms.KeyArgs{}, kms.Key{}},
	"aws:route53/record:Record":                           {route53.RecordArgs{}, route53.Record{}},
}

// fields returns the properties of a struct of the SDK, by their names.
func fields(v any) map[string]reflect.Type {
	typ := reflect.TypeOf(v)
	// An Args struct has its names in the struct it resolves to.
	if r, ok := v.(interface{ ElementType() reflect.Type }); ok {
		if e := r.ElementType(); e.Kind() == reflect.Struct {
			typ = e
		}
	}
	return fieldsOf(typ)
}

func fieldsOf(typ reflect.Type) map[string]reflect.Type {
	types := map[string]reflect.Type{}
	for i := range typ.NumField() {
		if name, ok := typ.Field(i).Tag.Lookup("pulumi"); ok {
			types[name] = typ.Field(i).Type
		}
	}
	return types
}

// tags returns the property names of a struct of the SDK.
func tags(v any) []string { return slices.Sorted(maps.Keys(fields(v))) }

// compareNested compares properties that are objects, or lists of objects,
// with the structs that the SDK has for them.
func compareNested(t *testing.T, path string, properties []schema.Property, types map[string]reflect.Type) {
	t.Helper()
	for _, p := range properties {
		if p.Kind != schema.Object && p.Kind != schema.Objects {
			continue
		}
		typ := types[p.Name]
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		nested := fieldsOf(typ)
		if got, want := inputNames(p.Properties, p.Unsupported...), slices.Sorted(maps.Keys(nested)); !slices.Equal(got, want) {
			t.Errorf("%s: the table and the SDK differ\n%s\n%s", path+p.Name, got, want)
		}
		compareNested(t, path+p.Name+".", p.Properties, nested)
	}
}

func inputNames(properties []schema.Property, more ...string) []string {
	names := slices.Clone(more)
	for _, p := range properties {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestSchemasAreThoseOfTheSDK(t *testing.T) {
	for _, r := range resources(place, Services{}, "") {
		t.Run(r.Token, func(t *testing.T) {
			api, ok := sdk[r.Token]
			if !ok {
				t.Fatal("not compared with the SDK")
			}
			var outputs []string
			for _, o := range r.Outputs {
				outputs = append(outputs, o.Name)
			}
			args, state := tags(api.args), tags(api.outputs)
			if len(args) == 0 || len(state) == 0 {
				t.Fatal("the SDK's structs have no tags")
			}
			// What is not an input is an omitted output.
			onlyOutputs := slices.DeleteFunc(slices.Clone(r.Unsupported), func(n string) bool { return slices.Contains(args, n) })
			refused := slices.DeleteFunc(slices.Clone(r.Unsupported), func(n string) bool { return slices.Contains(onlyOutputs, n) })
			if got := inputNames(r.Inputs, refused...); !slices.Equal(got, args) {
				t.Errorf("inputs: the table and the SDK differ\n%s\n%s", got, args)
			}
			if got := inputNames(r.Inputs, append(outputs, r.Unsupported...)...); !slices.Equal(got, state) {
				t.Errorf("outputs: the table and the SDK differ\n%s\n%s", got, state)
			}
			compareNested(t, "", r.Inputs, fields(api.args))
		})
	}
}

func TestSettingsAreThoseOfTheSDK(t *testing.T) {
	engine := []string{"pluginDownloadURL", "version"}
	want := slices.Sorted(slices.Values(append(tags(aws.ProviderArgs{}), engine...)))
	var got []string
	for name := range settings {
		got = append(got, name)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("settings:\n%s\nwant\n%s", strings.Join(got, " "), strings.Join(want, " "))
	}
}
