package provider

import (
	"net/http"
	"net/netip"
	"slices"
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
			Together: recordTogether,
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

// recordTogether refuses what Route 53 or, before calling it, the real provider
// refuses. The real provider ignores an empty list of aliases.
//
// https://github.com/ministryofjustice/modernisation-platform/pull/10072
func recordTogether(in schema.Values, fail schema.Fail) {
	aliases := len(in.Objects("aliases"))
	aliased := in.Given("aliases") && (aliases > 0 || !in.Has("aliases"))
	records, _ := in.Any("records").([]any)
	switch {
	case aliased == in.Given("records"):
		fail("records", "exactly one of records and aliases must be given")
	case aliases > 1:
		fail("aliases", "expected one alias, got %d", aliases)
	case aliased && in.Given("ttl"):
		fail("ttl", "conflicts with aliases, which have the TTL of their target")
	case aliased:
	case in.Has("records") && len(records) == 0:
		fail("records", incompleteRecord)
	case !in.Given("ttl"):
		fail("ttl", incompleteRecord)
	default:
		checkRecords(in.String("type"), slices.Compact(slices.Sorted(slices.Values(in.Strings("records")))), fail)
	}
}

const incompleteRecord = "InvalidInput: Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]"

// checkRecords refuses values, all different, that a record of that type cannot
// have. Unlike Route 53, it checks only addresses and the lengths of texts. The real
// provider puts a text in quotation marks; "" in it separates strings.
//
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecord.html
// https://github.com/gomodules/dns/issues/7
func checkRecords(kind string, values []string, fail schema.Fail) {
	if (kind == "CNAME" || kind == "SOA") && len(values) > 1 {
		fail("records", "a record of the type %s can have only one value, not %d", kind, len(values))
	}
	for _, v := range values {
		address, err := netip.ParseAddr(v)
		switch {
		case kind == "A" && (err != nil || !address.Is4()):
			fail("records", invalidRecord, "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)", v)
		case kind == "AAAA" && (err != nil || !address.Is6() || address.Zone() != ""):
			fail("records", invalidRecord, "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)", v)
		case (kind == "TXT" || kind == "SPF") && slices.ContainsFunc(strings.Split(v, `""`), func(part string) bool { return len(part) > 255 }):
			fail("records", invalidRecord, "CharacterStringTooLong (Value is too long)", v)
		}
	}
}

const invalidRecord = "InvalidChangeBatch: [Invalid Resource Record: 'FATAL problem: %s encountered with '%s'']"
