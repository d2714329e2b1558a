package awsservice

import "testing"

func TestCheckPrincipal(t *testing.T) {
	for name, want := range map[string]string{
		"lambda.amazonaws.com":              "",
		"logs.eu-central-1.amazonaws.com":   "",
		"alexa-appkit.amazon.com":           "",
		"s3.amazonaws.com":                  "",
		"inspector3.amazonaws.com":          "",
		"lexv3.amazonaws.com":               "",
		"apptext.amazonaws.com":             "", // two letters from appmesh, and from many other words
		"brandnewservice.amazonaws.com":     "",
		"sxs.amazonaws.com":                 "", // too short to be a misspelling for certain
		"lamda.amazonaws.com":               "did you mean lambda.amazonaws.com?",
		"lamdba.amazonaws.com":              "did you mean lambda.amazonaws.com?",
		"ehalth.amazonaws.com":              "did you mean health.amazonaws.com?",
		"event.amazonaws.com":               "did you mean events.amazonaws.com?",
		"api-gateway.amazonaws.com":         "did you mean apigateway.amazonaws.com?",
		"kafka.eu-central-1.amazonaws.com":  "",
		"states.eu-west-1.amazonws.com":     "did you mean states.amazonaws.com?",
		"sns.amazon.com":                    "did you mean sns.amazonaws.com?",
		"lambda":                            "did you mean lambda.amazonaws.com?",
		"SNS.amazonaws.com":                 "did you mean sns.amazonaws.com?",
		"arn:aws:iam::000000000000:role/r":  "check its spelling",
		"amazonaws.com":                     "check its spelling",
		"monitorng.rds.amazonaws.com":       "did you mean monitoring.rds.amazonaws.com?",
		"sns.*.amazonaws.com":               "did you mean sns.amazonaws.com?",
		"elasticloadbalancer.amazonaws.com": "",
	} {
		got := ""
		if err := CheckPrincipal(name); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// Every known principal is valid, whatever the others are.
func TestKnownPrincipals(t *testing.T) {
	for _, name := range known {
		if err := CheckPrincipal(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
