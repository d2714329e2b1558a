package provider

import (
	"net/http"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/provider/schema"
)

// dnsRecord returns the type of DNS records. Their ID is "zone_name_type". No DNS
// server returns them. Their zones are not looked up, so that names count as fully
// qualified.
func dnsRecord() recordedType {
	name := func(in schema.Values) string { return strings.ToLower(strings.TrimSuffix(in.String("name"), ".")) }
	return recordedType{
		Type: schema.Type{
			Token: "aws:route53/record:Record", Noun: "Route 53 Record",
			Inputs: []schema.Property{
				{Name: "zoneId", Required: true, ForceNew: true, Check: zoneID},
				{Name: "name", Required: true, ForceNew: true, Check: nonEmpty(1024)},
				{Name: "type", Required: true, ForceNew: true, Check: oneOf(
					"A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT")},
				{Name: "ttl", Kind: schema.Int, Check: between(0, 2147483647)},
				{Name: "records", Kind: schema.List},
				{Name: "aliases", Kind: schema.Objects, Properties: []schema.Property{
					{Name: "name", Required: true, Check: nonEmpty(1024)},
					{Name: "zoneId", Required: true, Check: zoneID},
					{Name: "evaluateTargetHealth", Kind: schema.Bool, Required: true},
				}},
				{Name: "allowOverwrite", Kind: schema.Bool},
			},
			Outputs: []schema.Output{{Name: "fqdn"}},
			Unsupported: []string{
				"cidrRoutingPolicy", "failoverRoutingPolicies", "geolocationRoutingPolicies", "geoproximityRoutingPolicy", "healthCheckId",
				"latencyRoutingPolicies", "multivalueAnswerRoutingPolicy", "setIdentifier", "weightedRoutingPolicies",
			},
			Together: func(in schema.Values, fail schema.Fail) {
				if in.Given("aliases") == in.Given("records") {
					fail("records", "exactly one of records and aliases must be given")
				}
				if n := len(in.Objects("aliases")); n > 1 {
					fail("aliases", "expected one alias, got %d", n)
				}
				switch {
				case in.Given("records") && !in.Given("ttl"):
					fail("ttl", "is required with records")
				case in.Given("aliases") && in.Given("ttl"):
					fail("ttl", "conflicts with aliases, which have the TTL of their target")
				}
			},
		},
		id: func(in schema.Values) string {
			return in.String("zoneId") + "_" + name(in) + "_" + in.String("type")
		},
		adds: func(_ string, _ time.Time, in schema.Values) map[string]any {
			return map[string]any{"fqdn": name(in)}
		},
		taken: func(in schema.Values) error {
			if in.Bool("allowOverwrite") {
				return nil
			}
			return cloud.Errorf(http.StatusBadRequest, "InvalidChangeBatch",
				"[Tried to create resource record set [name='%s.', type='%s'] but it already exists]", name(in), in.String("type"))
		},
	}
}

var zoneID = matching("[A-Z0-9]{1,32}", `the ID of a hosted zone such as "Z0123456789ABC"`)
