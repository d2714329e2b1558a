package provider

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/provider/schema"
	"tally/localcloud/recorded"
)

// domainName returns the type of custom domains. Their ID is the domain. APIs are
// reachable only at their loopback URLs.
//
// https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/domainnames.html
func domainName(place cloud.Place, service *recorded.Service) recordedType {
	return recordedType{
		Type: schema.Type{
			Token: domainNameToken, Noun: "API Gateway v2 Domain Name",
			Inputs: []schema.Property{
				{Name: "domainName", Required: true, ForceNew: true, Check: domain},
				{Name: "domainNameConfiguration", Kind: schema.Object, Required: true, Properties: []schema.Property{
					{Name: "certificateArn", Required: true, Check: certificateIn(place)},
					{Name: "endpointType", Required: true, Check: oneOf("REGIONAL")},
					{Name: "securityPolicy", Required: true, Check: oneOf("TLS_1_2")},
					{Name: "ipAddressType", Computed: true, Check: oneOf("ipv4", "dualstack")},
					{Name: "hostedZoneId", Computed: true},
					{Name: "ownershipVerificationCertificateArn", Computed: true, Check: certificateARN},
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
				"hostedZoneId": "Z1UJRXOUMOOFQ8", "ipAddressType": "ipv4",
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
		needs: func(_, in schema.Values) error {
			arn := in.Object("domainNameConfiguration").String("certificateArn")
			c, err := service.Resource(certificateToken, arn)
			switch {
			case gone(err):
				return cloud.Errorf(http.StatusBadRequest, "BadRequestException",
					"The certificate provided must be owned by the account creating the domain. The certificate %s does not exist", arn)
			case err != nil:
				return err
			case !covers(certificateDomains(schema.Plain(properties(c.Inputs))), in.String("domainName")):
				return cloud.Errorf(http.StatusBadRequest, "BadRequestException", "The domain name to be created is not covered by the provided certificate.")
			}
			return nil
		},
		taken: func(in schema.Values) error {
			return cloud.Errorf(http.StatusConflict, "ConflictException", "The domain name %s already exists", in.String("domainName"))
		},
	}
}

const domainNameToken = "aws:apigatewayv2/domainName:DomainName"

// certificateIn accepts ARNs of certificates in the region of a place, where those
// of regional domains must be.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-regional-api-custom-domain-create.html
// https://github.com/amplify-education/serverless-domain-manager/pull/49
func certificateIn(place cloud.Place) func(any) error {
	return func(v any) error {
		if err := certificateARN(v); err != nil {
			return err
		}
		if arn, _ := cloud.ParseARN(v.(string)); arn.Region != place.Region {
			return fmt.Errorf("Invalid certificate ARN: %s. Certificate must be in '%s'.", arn, place.Region) //lint:ignore ST1005 AWS's own wording
		}
		return nil
	}
}

// covers reports whether a certificate of those domains is valid for name. A
// wildcard stands for one label.
func covers(domains []string, name string) bool {
	_, parent, _ := strings.Cut(name, ".")
	return slices.ContainsFunc(domains, func(d string) bool { return strings.EqualFold(d, name) || strings.EqualFold(d, "*."+parent) })
}
