package provider

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/provider/schema"
)

// domainName returns the type of custom domains. Their ID is the domain. APIs are
// reachable only at their loopback URLs.
//
// https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/domainnames.html
func domainName(place cloud.Place) recordedType {
	return recordedType{
		Type: schema.Type{
			Token: domainNameToken, Noun: "API Gateway v2 Domain Name",
			Inputs: []schema.Property{
				{Name: "domainName", Required: true, ForceNew: true, Check: domain},
				{Name: "domainNameConfiguration", Kind: schema.Object, Required: true, Properties: []schema.Property{
					{Name: "certificateArn", Required: true, Check: arnOf("acm")},
					{Name: "endpointType", Required: true, Check: oneOf("REGIONAL")},
					{Name: "securityPolicy", Required: true, Check: oneOf("TLS_1_2")},
					{Name: "ipAddressType", Computed: true, Check: oneOf("ipv4", "dualstack")},
					{Name: "hostedZoneId", Computed: true},
					{Name: "ownershipVerificationCertificateArn", Computed: true, Check: arnOf("acm")},
					{Name: "targetDomainName", Computed: true},
				}},
				tagged(cloud.CheckTags),
			},
			Outputs:     []schema.Output{{Name: "arn"}, {Name: "apiMappingSelectionExpression"}, schema.TagOutput()},
			Unsupported: []string{"mutualTlsAuthentication"},
		},
		id: func(in schema.Values) string { return in.String("domainName") },
		adds: func(id string, _ time.Time, in schema.Values) map[string]any {
			configuration, _ := in.Any("domainNameConfiguration").(map[string]any)
			for name, chosen := range map[string]any{
				"hostedZoneId": "Z1UJRXOUMOOFQ8", "ipAddressType": "ipv4", "ownershipVerificationCertificateArn": "",
				"targetDomainName": fmt.Sprintf("d-%.5x.execute-api.%s.amazonaws.com", sha256.Sum256([]byte(id)), place.Region),
			} {
				if _, given := configuration[name]; !given {
					configuration[name] = chosen
				}
			}
			return map[string]any{
				"arn": fmt.Sprintf("arn:aws:apigateway:%s::/domainnames/%s", place.Region, id), "apiMappingSelectionExpression": "$request.basepath",
				"domainNameConfiguration": configuration,
			}
		},
		taken: func(in schema.Values) error {
			return cloud.Errorf(http.StatusConflict, "ConflictException", "The domain name %s already exists", in.String("domainName"))
		},
	}
}

const domainNameToken = "aws:apigatewayv2/domainName:DomainName"
