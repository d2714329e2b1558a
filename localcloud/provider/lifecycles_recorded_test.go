package provider

import (
	"fmt"
	"maps"
)

// drifts changes an input of a recorded resource behind the engine's back.
func drifts(name string, value any) func(c cloudUnderTest, m made) error {
	return func(c cloudUnderTest, m made) error {
		r, err := c.services.Recorded.Resource(m.token, m.id)
		if err != nil {
			return err
		}
		inputs := maps.Clone(r.Inputs)
		inputs[name] = value
		_, err = c.services.Recorded.Update(m.token, m.id, inputs)
		return err
	}
}

func (c cloudUnderTest) certificate(domain string) made {
	c.t.Helper()
	return c.create(certificateToken, "certificate", map[string]any{"domainName": domain, "validationMethod": "DNS"})
}

func recordedLifeCycles() []lifeCycle {
	const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
	regional := func(c cloudUnderTest) map[string]any {
		return map[string]any{"certificateArn": c.certificate("*.example.com").id, "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2"}
	}
	return []lifeCycle{{
		token: "aws:cloudwatch/dashboard:Dashboard",
		inputs: func(cloudUnderTest) map[string]any {
			return map[string]any{"dashboardName": "d", "dashboardBody": `{"widgets": []}`}
		},
		id:      "d",
		outputs: map[string]string{"dashboardArn": "arn:aws:cloudwatch::000000000000:dashboard/d"},
		update:  map[string]any{"dashboardBody": `{"widgets": [{"type":"text","properties":{"markdown":"# x"}}]}`},
		diff:    map[string]string{"dashboardBody": "UPDATE"},
		drift:   drifts("dashboardBody", "{}"), seen: []string{"dashboardBody"},
		replace: map[string]any{"dashboardName": "e"}, replaces: []string{"dashboardName"},
	}, {
		token: "aws:kms/key:Key",
		inputs: func(cloudUnderTest) map[string]any {
			return map[string]any{"enableKeyRotation": true, "deletionWindowInDays": 7}
		},
		id: uuid,
		outputs: map[string]string{"arn": "arn:aws:kms:us-east-1:000000000000:key/" + uuid, "keyId": uuid, "description": "",
			"policy": `{"Id":"key-default-1",.*"arn:aws:iam::000000000000:root".*}`, "multiRegion": "false", "isEnabled": "true",
			"keyUsage": "ENCRYPT_DECRYPT", "customerMasterKeySpec": "SYMMETRIC_DEFAULT", "bypassPolicyLockoutSafetyCheck": "false",
			"rotationPeriodInDays": "365", "tagsAll": "map.."},
		update: map[string]any{"description": "d"}, diff: map[string]string{"description": "UPDATE"},
		drift: func(c cloudUnderTest, m made) error {
			k, err := c.services.KMS.Key(m.id)
			if err != nil {
				return err
			}
			k.Disabled = true
			_, err = c.services.KMS.UpdateKey(k)
			return err
		}, seen: []string{"isEnabled"},
		replace: map[string]any{"enableKeyRotation": false, "keyUsage": "SIGN_VERIFY", "customerMasterKeySpec": "RSA_2048"}, replaces: []string{"customerMasterKeySpec", "keyUsage"},
	}, {
		token: "aws:kms/alias:Alias",
		inputs: func(c cloudUnderTest) map[string]any {
			return map[string]any{"targetKeyId": c.create("aws:kms/key:Key", "k", nil).id}
		},
		id: "alias/thing-" + hex,
		outputs: map[string]string{"name": "alias/thing-" + hex, "arn": "arn:aws:kms:us-east-1:000000000000:alias/thing-" + hex,
			"targetKeyArn": "arn:aws:kms:us-east-1:000000000000:key/" + uuid},
		replace: map[string]any{"name": "alias/other"}, replaces: []string{"name"},
	}, {
		token: "aws:acm/certificate:Certificate",
		inputs: func(cloudUnderTest) map[string]any {
			return map[string]any{"domainName": "api.example.com", "validationMethod": "DNS"}
		},
		id: "arn:aws:acm:us-east-1:000000000000:certificate/" + uuid,
		outputs: map[string]string{"arn": "arn:aws:acm:us-east-1:000000000000:certificate/" + uuid, "keyAlgorithm": "RSA_2048",
			"subjectAlternativeNames": ".api.example.com.", "options": "map.certificateTransparencyLoggingPreference:ENABLED.",
			"domainValidationOptions": ".map.domainName:api.example.com resourceRecordName:_[0-9a-f]{32}.api.example.com. resourceRecordType:CNAME resourceRecordValue:.*",
			"notAfter":                ".*Z", "notBefore": ".*Z", "pendingRenewal": "false", "renewalEligibility": "INELIGIBLE", "renewalSummaries": `\[\]`,
			"status": "ISSUED", "type": "AMAZON_ISSUED", "validationEmails": `\[\]`, "tagsAll": "map.."},
		update:  map[string]any{"tags": map[string]any{"a": "1"}},
		diff:    map[string]string{"tags": "ADD", "tagsAll": "ADD"},
		replace: map[string]any{"keyAlgorithm": "EC_prime256v1"}, replaces: []string{"keyAlgorithm"},
	}, {
		token: "aws:acm/certificateValidation:CertificateValidation",
		inputs: func(c cloudUnderTest) map[string]any {
			cert := c.certificate("api.example.com")
			option := cert.state["domainValidationOptions"].ArrayValue()[0].ObjectValue()
			return map[string]any{"certificateArn": cert.id, "validationRecordFqdns": []any{option["resourceRecordName"].StringValue()}}
		},
		id:      `\d{4}-.* UTC`,
		replace: map[string]any{"certificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/c"}, replaces: []string{"certificateArn"},
	}, {
		token: "aws:route53/record:Record",
		inputs: func(cloudUnderTest) map[string]any {
			return map[string]any{"zoneId": "Z1", "name": "api.example.com", "type": "A",
				"aliases": []any{map[string]any{"name": "d.example.com", "zoneId": "Z2", "evaluateTargetHealth": false}}}
		},
		id:      "Z1_api.example.com_A",
		outputs: map[string]string{"fqdn": "api.example.com"},
		update:  map[string]any{"aliases": []any{map[string]any{"name": "e.example.com", "zoneId": "Z2", "evaluateTargetHealth": false}}},
		diff:    map[string]string{"aliases[0].name": "UPDATE"},
		drift:   drifts("aliases", nil), seen: []string{"aliases"},
		replace: map[string]any{"type": "AAAA"}, replaces: []string{"type"},
	}, {
		token: domainNameToken,
		inputs: func(c cloudUnderTest) map[string]any {
			return map[string]any{"domainName": "api.example.com", "tags": map[string]any{"a": "1"}, "domainNameConfiguration": regional(c)}
		},
		id: "api.example.com",
		outputs: map[string]string{"arn": "arn:aws:apigateway:us-east-1::/domainnames/api.example.com",
			"domainNameConfiguration":       `map.certificateArn:.* hostedZoneId:Z1UJRXOUMOOFQ8 .* targetDomainName:d-[0-9a-f]{10}.execute-api.us-east-1.amazonaws.com.`,
			"apiMappingSelectionExpression": `\$request.basepath`, "tagsAll": "map.a:1."},
		update:  map[string]any{"tags": map[string]any{"a": "2"}},
		diff:    map[string]string{"tags.a": "UPDATE", "tagsAll.a": "UPDATE"},
		replace: map[string]any{"domainName": "b.example.com"}, replaces: []string{"domainName"},
	}, {
		token: "aws:apigatewayv2/apiMapping:ApiMapping",
		inputs: func(c cloudUnderTest) map[string]any {
			d := c.create(domainNameToken, "d", map[string]any{"domainName": "api.example.com", "domainNameConfiguration": regional(c)})
			api := c.api().id
			c.create("aws:apigatewayv2/stage:Stage", "s", map[string]any{"apiId": api, "name": "$default", "autoDeploy": true})
			return map[string]any{"apiId": api, "domainName": d.id, "stage": "$default"}
		},
		id:       "[a-z0-9]{6}",
		importID: func(m made) string { return fmt.Sprintf("%s/%s", m.id, m.state["domainName"].StringValue()) },
		update:   map[string]any{"apiMappingKey": "v1"}, diff: map[string]string{"apiMappingKey": "ADD"},
		replace: map[string]any{"domainName": "b.example.com"}, replaces: []string{"domainName"},
	}}
}
