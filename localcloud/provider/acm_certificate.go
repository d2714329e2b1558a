package provider

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/provider/schema"
	"tally/localcloud/recorded"
)

// certificate returns the type of certificates. Their ID is their ARN. They are
// issued at once, because nothing here can prove the ownership of a domain.
func certificate(place cloud.Place) recordedType {
	return recordedType{
		Type: schema.Type{
			Token: certificateToken, Noun: "ACM Certificate",
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
				"domainValidationOptions": validations(id, certificateDomains(in)),
				"notBefore":               created.Format(time.RFC3339), "notAfter": created.AddDate(0, 13, 0).Format(time.RFC3339),
				"pendingRenewal": false, "renewalEligibility": "INELIGIBLE", "renewalSummaries": []any{},
				"status": "ISSUED", "type": "AMAZON_ISSUED", "validationEmails": []any{},
			}
		},
	}
}

const (
	certificateToken = "aws:acm/certificate:Certificate"
	validationToken  = "aws:acm/certificateValidation:CertificateValidation"
)

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

// certificateARN accepts ARNs of certificates.
func certificateARN(v any) error {
	arn, err := cloud.ParseARN(v.(string))
	switch {
	case err != nil:
		return err
	case arn.Service != "acm":
		return arnOf("acm")(v)
	case !strings.HasPrefix(arn.Resource, "certificate/"):
		return fmt.Errorf(`must be the ARN of a certificate such as "arn:aws:acm:us-east-1:123456789012:certificate/0a1b", not %q`, v)
	}
	return nil
}

// certificateValidation returns the type of resources that, on AWS, wait until a
// certificate is issued. Here it always is.
func certificateValidation(place cloud.Place, service *recorded.Service) recordedType {
	return recordedType{
		Type: schema.Type{
			Token: validationToken, Noun: "ACM Certificate Validation",
			Inputs: []schema.Property{
				{Name: "certificateArn", Required: true, ForceNew: true, Check: certificateARN},
				{Name: "validationRecordFqdns", Kind: schema.List, ForceNew: true},
			},
		},
		id:   func(schema.Values) string { return time.Now().UTC().String() },
		adds: func(string, time.Time, schema.Values) map[string]any { return nil },
		needs: func(_, in schema.Values) error {
			c, err := service.Resource(certificateToken, in.String("certificateArn"))
			if gone(err) {
				return cloud.Errorf(http.StatusBadRequest, "ResourceNotFoundException",
					"Could not find certificate %s in account %s.", in.String("certificateArn"), place.Account)
			}
			if err != nil {
				return err
			}
			return validated(schema.Plain(properties(c.Inputs)), c.ID, in.Strings("validationRecordFqdns"))
		},
	}
}

// validated returns an error unless the records, if there are any, prove the
// ownership of all domains of a certificate. The errors are the real provider's.
//
// https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/acm/certificate_validation.go
func validated(certificate schema.Values, id string, records []string) error {
	if len(records) == 0 {
		return nil
	}
	if method := certificate.String("validationMethod"); method != "DNS" {
		return fmt.Errorf("validation_record_fqdns is not valid for %s validation", method)
	}
	for _, v := range validations(id, certificateDomains(certificate)) {
		option := v.(map[string]any)
		name := strings.TrimSuffix(option["resourceRecordName"].(string), ".")
		if !slices.Contains(records, name) && !slices.Contains(records, name+".") {
			return fmt.Errorf("missing %s DNS validation record: %s", option["domainName"], name)
		}
	}
	return nil
}

// certificateDomains returns the domains of a certificate, some of them twice.
func certificateDomains(certificate schema.Values) []string {
	return append([]string{certificate.String("domainName")}, certificate.Strings("subjectAlternativeNames")...)
}
