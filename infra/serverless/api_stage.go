package serverless

import (
	"cmp"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Domain is a domain name of the API's own, which takes TLS 1.2 and newer.
type Domain struct {
	Name           string // "api.example.com"
	ZoneID         string // of the Route 53 zone that holds it
	CertificateARN string // of the ACM certificate for it, in the API's region
}

// stage serves the routes, bounds their requests, and logs every one. It comes
// after them because its settings name them.
func (a *API) stage() (*apigatewayv2.Stage, error) {
	// API Gateway's own name for such groups keeps the policy by which it may
	// write them short:
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
	logs, err := a.env.logGroup(a.name, pulumi.Sprintf("/aws/vendedlogs/apis/%s-%s-%s", a.env.ctx.Project(), a.env.ctx.Stack(), a.name), a)
	if err != nil {
		return nil, err
	}
	var routes apigatewayv2.StageRouteSettingArray
	for _, r := range a.args.Routes {
		if r.Throttle != nil {
			routes = append(routes, apigatewayv2.StageRouteSettingArgs{
				RouteKey:             pulumi.String(r.Key),
				ThrottlingRateLimit:  pulumi.Float64(r.Throttle.RatePerSecond),
				ThrottlingBurstLimit: pulumi.Int(r.Throttle.Burst),
			})
		}
	}
	return apigatewayv2.NewStage(a.env.ctx, a.name, &apigatewayv2.StageArgs{
		ApiId:             a.api.ID(),
		Name:              pulumi.String("$default"),
		AutoDeploy:        pulumi.Bool(true),
		AccessLogSettings: apigatewayv2.StageAccessLogSettingsArgs{DestinationArn: logs.Arn, Format: accessLog()},
		DefaultRouteSettings: apigatewayv2.StageDefaultRouteSettingsArgs{
			ThrottlingRateLimit:  pulumi.Float64(cmp.Or(a.args.Throttle.RatePerSecond, 50)),
			ThrottlingBurstLimit: pulumi.Int(cmp.Or(a.args.Throttle.Burst, 100)),
		},
		RouteSettings: routes,
	}, pulumi.Parent(a), pulumi.DependsOn(a.routes))
}

// accessLog is a line of the access log.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
func accessLog() pulumi.StringOutput {
	return pulumi.JSONMarshal(map[string]string{
		"requestId":          "$context.requestId",
		"requestTime":        "$context.requestTime",
		"ip":                 "$context.identity.sourceIp",
		"userAgent":          "$context.identity.userAgent",
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
		"authorizerError":    "$context.authorizer.error",
		"error":              "$context.error.message",
	})
}

// serve answers on the API's own domain.
func (a *API) serve(stage *apigatewayv2.Stage) error {
	d := a.args.Domain
	if d == nil {
		return nil
	}
	domain, err := apigatewayv2.NewDomainName(a.env.ctx, a.name, &apigatewayv2.DomainNameArgs{
		DomainName: pulumi.String(d.Name),
		DomainNameConfiguration: apigatewayv2.DomainNameDomainNameConfigurationArgs{
			CertificateArn: pulumi.String(d.CertificateARN),
			EndpointType:   pulumi.String("REGIONAL"),
			SecurityPolicy: pulumi.String("TLS_1_2"),
		},
	}, a.env.keep(a)...)
	if err != nil {
		return err
	}
	_, err = apigatewayv2.NewApiMapping(a.env.ctx, a.name, &apigatewayv2.ApiMappingArgs{
		ApiId: a.api.ID(), DomainName: domain.DomainName, Stage: stage.Name,
	}, pulumi.Parent(a))
	if err != nil {
		return err
	}
	target := domain.DomainNameConfiguration
	_, err = route53.NewRecord(a.env.ctx, a.name, &route53.RecordArgs{
		Name:   pulumi.String(d.Name),
		Type:   pulumi.String("A"),
		ZoneId: pulumi.String(d.ZoneID),
		Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{
			Name:                 target.TargetDomainName().Elem(),
			ZoneId:               target.HostedZoneId().Elem(),
			EvaluateTargetHealth: pulumi.Bool(false),
		}},
	}, pulumi.Parent(a))
	a.URL = pulumi.Sprintf("https://%s/", domain.DomainName)
	return err
}

// distinct sorts values and drops what is there twice.
func distinct(values []string) []string {
	slices.Sort(values)
	return slices.Compact(values)
}
