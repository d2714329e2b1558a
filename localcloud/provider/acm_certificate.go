package provider

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/provider/schema"
)

// certificate returns the type of certificates. Their ID is their ARN. They are
// issued at once, because nothing here can prove the ownership of a domain.
func certificate(place cloud.Place) recordedType {
	return recordedType{
		Type: schema.Type{
			Token: "aws:acm/certificate:Certificate", Noun: "ACM Certificate",
			Inputs: []schema.Property{
				{Name: "domainName", Required: true, ForceNew: true, Check: domain},
				{Name: "subjectAlternativeNames", Kind: schema.List, Computed: true, ForceNew: true, Check: each(domain)},
				{Name: "validationMethod", Required: true, ForceNew: true, Check: oneOf("DNS", "EMAIL")},
				{Name: "keyAlgorithm", Computed: true, ForceNew: true, Check: oneOf(
					"RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1")},
				{Name: "options", Kind: schema.Object, Computed: true, Properties: []schema.Property{
					{Name: "certificateTransparencyLoggingPreference", Computed: true, Check: oneOf("ENABLED", "DISABLED")}}},
				tagged(cloud.CheckTags),
			},
			Outputs: []schema.Output{
				{Name: "arn"}, {Name: "domainValidationOptions"}, {Name: "notAfter"}, {Name: "notBefore"}, {Name: "pendingRenewal"},
				{Name: "renewalEligibility"}, {Name: "renewalSummaries"}, {Name: "status"}, {Name: "type"}, {Name: "validationEmails"},
				schema.TagOutput(),
			},
			Unsupported: []string{
				"certificateAuthorityArn", "certificateBody", "certificateChain", "earlyRenewalDuration", "privateKey", "validationOptions",
			},
		},
		id: func(schema.Values) string { return place.ARN("acm", "certificate/"+uuid.NewString()).String() },
		adds: func(id string, created time.Time, in schema.Values) map[string]any {
			names := in.Strings("subjectAlternativeNames")
			if !in.Has("subjectAlternativeNames") {
				names = []string{in.String("domainName")}
			}
			logging := in.Object("options").String("certificateTransparencyLoggingPreference")
			if logging == "" {
				logging = "ENABLED"
			}
			algorithm := in.String("keyAlgorithm")
			if algorithm == "" {
				algorithm = "RSA_2048"
			}
			return map[string]any{
				"arn": id, "subjectAlternativeNames": names, "keyAlgorithm": algorithm,
				"options":                 map[string]any{"certificateTransparencyLoggingPreference": logging},
				"domainValidationOptions": validations(id, append([]string{in.String("domainName")}, names...)),
				"notBefore":               created.Format(time.RFC3339), "notAfter": created.AddDate(0, 13, 0).Format(time.RFC3339),
				"pendingRenewal": false, "renewalEligibility": "INELIGIBLE", "renewalSummaries": []any{},
				"status": "ISSUED", "type": "AMAZON_ISSUED", "validationEmails": []any{},
			}
		},
	}
}

var domain = matching(`(\*\.)?([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z][a-zA-Z0-9-]{0,61}`, `a domain name such as "api.example.com"`)

// validations returns the DNS records that would prove the ownership of domains.
func validations(id string, domains []string) []any {
	var options []any
	var seen []string
	for _, d := range domains {
		zone := strings.TrimPrefix(d, "*.")
		if slices.Contains(seen, d) {
			continue
		}
		seen = append(seen, d)
		token := fmt.Sprintf("%x", sha256.Sum256([]byte(id+zone)))
		options = append(options, map[string]any{
			"domainName": d, "resourceRecordType": "CNAME", "resourceRecordName": fmt.Sprintf("_%s.%s.", token[:32], zone),
			"resourceRecordValue": fmt.Sprintf("_%s.acm-validations.aws.", token[32:]),
		})
	}
	return options
}

// certificateValidation returns the type of resources that, on AWS, wait until a
// certificate is issued. Here it always is.
func certificateValidation() recordedType {
	return recordedType{
		Type: schema.Type{
			Token: "aws:acm/certificateValidation:CertificateValidation", Noun: "ACM Certificate Validation",
			Inputs: []schema.Property{
				{Name: "certificateArn", Required: true, ForceNew: true, Check: arnOf("acm")},
				{Name: "validationRecordFqdns", Kind: schema.List, ForceNew: true},
			},
		},
		id:   func(schema.Values) string { return time.Now().UTC().String() },
		adds: func(string, time.Time, schema.Values) map[string]any { return nil },
	}
}
