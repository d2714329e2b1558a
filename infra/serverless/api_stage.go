package serverless

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Domain is the custom domain of an API. It requires TLS 1.2 or newer of
// clients. All fields are required.
type Domain struct {
	Name           pulumi.StringInput // "api.example.com"
	ZoneID         pulumi.StringInput // of the Route 53 zone that holds the name
	CertificateARN pulumi.StringInput // of an ACM certificate for the name, in the API's region
}

// check returns an error if a required field is missing.
func (d *Domain) check(api string) error {
	if d != nil && (d.Name == nil || d.ZoneID == nil || d.CertificateARN == nil) {
		return fmt.Errorf("API %s: Domain requires Name, ZoneID and CertificateARN", api)
	}
	return nil
}

// stage creates the stage, which throttles and logs the requests. The stage
// depends on the routes because its settings refer to them.
func (a *API) stage() (*apigatewayv2.Stage, error) {
	// Log groups with this prefix share one entry in the resource policy that
	// allows API Gateway to write to them. The size of that policy is limited:
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
	logs, err := a.env.logGroup(a.env.child(a.name), pulumi.String("/aws/vendedlogs/apis/"+a.env.physical(a.name)), a)
	if err != nil {
		return nil, err
	}
	var routes apigatewayv2.StageRouteSettingArray
	for _, r := range a.args.Routes {
		if r.Throttle != nil {
			perSecond, burst := r.Throttle.settings("route " + r.Key + " of API " + a.name)
			routes = append(routes, apigatewayv2.StageRouteSettingArgs{
				RouteKey:             pulumi.String(r.Key),
				ThrottlingRateLimit:  perSecond,
				ThrottlingBurstLimit: burst,
			})
		}
	}
	perSecond, burst := a.args.Throttle.settings("API " + a.name)
	return apigatewayv2.NewStage(a.env.ctx, a.env.child(a.name), &apigatewayv2.StageArgs{
		ApiId:             a.api.ID(),
		Name:              pulumi.String("$default"),
		AutoDeploy:        pulumi.Bool(true),
		AccessLogSettings: apigatewayv2.StageAccessLogSettingsArgs{DestinationArn: logs.Arn, Format: accessLog()},
		DefaultRouteSettings: apigatewayv2.StageDefaultRouteSettingsArgs{
			ThrottlingRateLimit:  perSecond,
			ThrottlingBurstLimit: burst,
		},
		RouteSettings: routes,
		Tags:          a.env.tags,
	}, pulumi.Parent(a), pulumi.DependsOn(a.routes))
}

// accessLog returns the format of the access log.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
func accessLog() pulumi.StringOutput {
	return pulumi.JSONMarshal(map[string]string{
		"requestId":          "$context.requestId",
		"requestTime":        "$context.requestTime",
		"ip":                 "$context.identity.sourceIp",
		"userAgent":          "$context.identity.userAgent",
		"caller":             "$context.identity.userArn",      // with the auth iam
		"subject":            "$context.authorizer.claims.sub", // with the auth jwt
		"httpMethod":         "$context.httpMethod",
		"path":               "$context.path",
		"routeKey":           "$context.routeKey",
		"protocol":           "$context.protocol",
		"status":             "$context.status",
		"responseLength":     "$context.responseLength",
		"responseLatency":    "$context.responseLatency",
		"integrationLatency": "$context.integrationLatency",
		"integrationStatus":  "$context.integrationStatus",
		"integrationError":   "$context.integrationErrorMessage",
		"functionStatus":     "$context.integration.status",    // in the function's response
		"functionRequestId":  "$context.integration.requestId", // in the function's log
		"authorizerError":    "$context.authorizer.error",
		"error":              "$context.error.message",
	})
}

// serve makes the API available at its custom domain, if it has one.
func (a *API) serve(stage *apigatewayv2.Stage) error {
	d := a.args.Domain
	if d == nil {
		return nil
	}
	ctx, id := a.env.ctx, a.env.child(a.name)
	name := text("API "+a.name, "Domain.Name", d.Name.ToStringOutput().ToStringPtrOutput(), domainForm)
	domain, err := apigatewayv2.NewDomainName(ctx, id, &apigatewayv2.DomainNameArgs{
		DomainName: name,
		DomainNameConfiguration: apigatewayv2.DomainNameDomainNameConfigurationArgs{
			CertificateArn: d.CertificateARN.ToStringOutput(),
			EndpointType:   pulumi.String("REGIONAL"),
			SecurityPolicy: pulumi.String("TLS_1_2"),
		},
		Tags: a.env.tags,
	}, a.env.protected(a)...)
	if err != nil {
		return err
	}
	_, err = apigatewayv2.NewApiMapping(ctx, id, &apigatewayv2.ApiMappingArgs{
		ApiId: a.api.ID(), DomainName: domain.DomainName, Stage: stage.Name,
	}, pulumi.Parent(a))
	if err != nil {
		return err
	}
	target := domain.DomainNameConfiguration
	_, err = route53.NewRecord(ctx, id, &route53.RecordArgs{
		Name:   name,
		Type:   pulumi.String("A"),
		ZoneId: d.ZoneID.ToStringOutput(),
		Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{
			Name:                 target.TargetDomainName().Elem(),
			ZoneId:               target.HostedZoneId().Elem(),
			EvaluateTargetHealth: pulumi.Bool(false),
		}},
	}, pulumi.Parent(a))
	a.URL = pulumi.Sprintf("https://%s/", domain.DomainName)
	return err
}

// distinct returns values sorted and without duplicates. It modifies values.
func distinct(values []string) []string {
	slices.Sort(values)
	return slices.Compact(values)
}
