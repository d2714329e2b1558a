package access

// domain lists what deploying the resource types of a custom domain requires.
var domain = []service{
	{
		sid: "NewDomain", arns: []string{"arn:aws:apigateway:*::/domainnames"},
		types:     map[string][]string{"aws:apigatewayv2/domainName:DomainName": {"apigateway:POST", "apigateway:PUT", "apigateway:TagResource"}},
		condition: tagged("StringEquals", "RequestTag"),
	},
	{
		sid: "Domain", arns: []string{"arn:aws:apigateway:*::/domainnames/DOMAIN", "arn:aws:apigateway:*::/domainnames/DOMAIN/apimappings*"},
		types: map[string][]string{
			"aws:apigatewayv2/domainName:DomainName": {"apigateway:DELETE", "apigateway:GET", "apigateway:PATCH"},
			"aws:apigatewayv2/apiMapping:ApiMapping": {"apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST"},
		},
	},
	{
		// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-rrset-conditions.html
		sid: "Record", arns: []string{"arn:aws:route53:::hostedzone/ZONE"},
		types: map[string][]string{"aws:route53/record:Record": {"route53:ChangeResourceRecordSets"}},
		condition: conditions{"ForAllValues:StringEquals": {
			"route53:ChangeResourceRecordSetsNormalizedRecordNames": {"DOMAIN"},
			"route53:ChangeResourceRecordSetsRecordTypes":           {"A"},
		}},
	},
	{
		sid: "Zone", arns: []string{"arn:aws:route53:::hostedzone/ZONE"},
		types: map[string][]string{"aws:route53/record:Record": {"route53:GetHostedZone", "route53:ListResourceRecordSets"}},
	},
	{
		sid: "Changes", arns: []string{"arn:aws:route53:::change/*"},
		types: map[string][]string{"aws:route53/record:Record": {"route53:GetChange"}},
	},
}
