package httpapi

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// An accessFormat is the format of an access log, parsed.
type accessFormat struct {
	text string
	// json tells that values stand in a JSON object, where they must not end
	// the string they stand in.
	json bool
}

var variableReference = regexp.MustCompile(`\$context((?:\.[A-Za-z0-9_]+)*)`)

// parseFormat checks a format: one line, with at least the request's ID, of
// variables that there are.
func parseFormat(text string) (accessFormat, error) {
	line := strings.TrimSuffix(text, "\n")
	if strings.Contains(line, "\n") {
		return accessFormat{}, badRequest("Access log format must be single line, new line character is allowed only at end of the format")
	}
	var names []string
	for _, m := range variableReference.FindAllStringSubmatch(line, -1) {
		name := strings.TrimPrefix(m[1], ".")
		if variableOf(name) == nil {
			return accessFormat{}, badRequest("Access log format has an unknown variable: $context.%s", name)
		}
		names = append(names, name)
	}
	if !slices.Contains(names, "requestId") && !slices.Contains(names, "extendedRequestId") {
		return accessFormat{}, badRequest("Access log format must contain at least $context.requestId")
	}
	return accessFormat{line, strings.HasPrefix(strings.TrimSpace(line), "{")}, nil
}

// CheckAccessLogFormat refuses what cannot be the format of an access log.
func CheckAccessLogFormat(text string) error {
	_, err := parseFormat(text)
	return err
}

// render is the line of an exchange. What it has no value for is "-".
func (f accessFormat) render(x *exchange) string {
	return variableReference.ReplaceAllStringFunc(f.text, func(reference string) string {
		name := strings.TrimPrefix(reference, "$context.")
		value := variableOf(name)(x)
		if value == "" {
			return "-"
		}
		if name == "error.messageString" {
			return strconv.Quote(value)
		}
		if f.json || strings.ContainsFunc(value, unicode.IsControl) {
			return escaped(value)
		}
		return value
	})
}

// escaped is a value as it stands between the quotes of a JSON string.
func escaped(value string) string {
	quoted, _ := json.Marshal(value) // a string always can be
	return string(quoted[1 : len(quoted)-1])
}

// variableOf is how a variable gets its value; nil where there is none of that
// name.
func variableOf(name string) func(*exchange) string {
	if claim, ok := strings.CutPrefix(name, "authorizer.claims."); ok {
		return func(x *exchange) string { return x.claim(claim) }
	}
	return variables[name]
}

// variables are those that API Gateway has.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
var variables = map[string]func(*exchange) string{
	"accountId":                              func(x *exchange) string { return x.place.Account },
	"apiId":                                  func(x *exchange) string { return x.api.ID },
	"authorizer.error":                       func(x *exchange) string { return x.denied },
	"authorizer.principalId":                 absent,
	"awsEndpointRequestId":                   func(x *exchange) string { return x.invocation.requestID },
	"awsEndpointRequestId2":                  absent,
	"customDomain.basePathMatched":           absent,
	"dataProcessed":                          func(x *exchange) string { return strconv.Itoa(x.received + len(x.answer.body)) },
	"domainName":                             func(x *exchange) string { return x.Host },
	"domainPrefix":                           func(x *exchange) string { return x.api.ID },
	"error.message":                          func(x *exchange) string { return x.answer.refusal },
	"error.messageString":                    func(x *exchange) string { return x.answer.refusal },
	"error.responseType":                     responseType,
	"extendedRequestId":                      func(x *exchange) string { return x.id },
	"httpMethod":                             func(x *exchange) string { return x.Method },
	"identity.accountId":                     signed(func(c *iamAuthorization) string { return c.AccountID }),
	"identity.caller":                        signed(func(c *iamAuthorization) string { return c.CallerID }),
	"identity.user":                          signed(func(c *iamAuthorization) string { return c.UserID }),
	"identity.userArn":                       signed(func(c *iamAuthorization) string { return c.UserARN }),
	"identity.cognitoAuthenticationProvider": absent,
	"identity.cognitoAuthenticationType":     absent,
	"identity.cognitoIdentityId":             absent,
	"identity.cognitoIdentityPoolId":         absent,
	"identity.principalOrgId":                absent,
	"identity.clientCert.clientCertPem":      absent,
	"identity.clientCert.subjectDN":          absent,
	"identity.clientCert.issuerDN":           absent,
	"identity.clientCert.serialNumber":       absent,
	"identity.clientCert.validity.notBefore": absent,
	"identity.clientCert.validity.notAfter":  absent,
	"identity.sourceIp":                      func(x *exchange) string { return x.sourceIP() },
	"identity.userAgent":                     func(x *exchange) string { return x.UserAgent() },
	"integration.error":                      integrationError,
	"integration.integrationStatus":          integrationStatus,
	"integration.latency":                    integrationLatency,
	"integration.requestId":                  func(x *exchange) string { return x.invocation.requestID },
	"integration.status":                     func(x *exchange) string { return status(x.invocation.status) },
	"integrationErrorMessage":                integrationError,
	"integrationLatency":                     integrationLatency,
	"integrationStatus":                      integrationStatus,
	"path":                                   func(x *exchange) string { return x.URL.Path },
	"protocol":                               func(x *exchange) string { return x.Proto },
	"requestId":                              func(x *exchange) string { return x.id },
	"requestTime":                            func(x *exchange) string { return x.start.UTC().Format(requestTime) },
	"requestTimeEpoch":                       func(x *exchange) string { return strconv.FormatInt(x.start.UnixMilli(), 10) },
	"responseLatency":                        func(x *exchange) string { return millis(time.Since(x.start)) },
	"responseLength":                         func(x *exchange) string { return strconv.Itoa(len(x.answer.body)) },
	"routeKey":                               func(x *exchange) string { return x.key.text },
	"stage":                                  func(x *exchange) string { return x.stage.Name },
	"status":                                 func(x *exchange) string { return status(x.answer.status) },
}

// requestTime is the time format of the Common Log Format.
const requestTime = "02/Jan/2006:15:04:05 -0700"

// absent is the value of variables for what the local cloud does not have.
func absent(*exchange) string { return "" }

func signed(part func(*iamAuthorization) string) func(*exchange) string {
	return func(x *exchange) string {
		if x.authorization == nil || x.authorization.IAM == nil {
			return ""
		}
		return part(x.authorization.IAM)
	}
}

func (x *exchange) claim(name string) string {
	if x.authorization == nil || x.authorization.JWT == nil {
		return ""
	}
	return x.authorization.JWT.Claims[name]
}

func responseType(x *exchange) string {
	if x.answer.refusal == "" {
		return ""
	}
	return responseTypes[x.answer.status]
}

func integrationError(x *exchange) string { return x.invocation.failure }

// integrationStatus is the function's own status.
func integrationStatus(x *exchange) string {
	if x.invocation.status == 0 || x.invocation.failure != "" {
		return ""
	}
	return status(x.answer.status)
}

func integrationLatency(x *exchange) string {
	if x.invocation.latency == 0 {
		return ""
	}
	return millis(x.invocation.latency)
}

func status(code int) string {
	if code == 0 {
		return ""
	}
	return strconv.Itoa(code)
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
