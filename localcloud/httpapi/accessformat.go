package httpapi

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tally/localcloud/internal/endpoint"
)

// An accessFormat is the parsed format of an access log.
type accessFormat struct {
	pieces []piece
	// json is set if the format is a JSON object. Values are then escaped, so that
	// they cannot end the string that contains them.
	json bool
}

// A piece is either text or a variable.
type piece struct {
	text   string
	value  func(*exchange) string // nil for text
	quoted bool                   // the value is rendered as a JSON string
}

var variableReference = regexp.MustCompile(`\$context((?:\.[A-Za-z0-9_]+)*)`)

// parseFormat parses a format, which must be one line that contains the request's
// ID, and no unknown variables.
func parseFormat(text string) (accessFormat, error) {
	line := strings.TrimSuffix(text, "\n")
	if strings.Contains(line, "\n") {
		return accessFormat{}, badRequest("Access log format must be single line, new line character is allowed only at end of the format")
	}
	format := accessFormat{json: strings.HasPrefix(strings.TrimSpace(line), "{")}
	identified, end := false, 0
	for _, m := range variableReference.FindAllStringSubmatchIndex(line, -1) {
		name := strings.TrimPrefix(line[m[2]:m[3]], ".")
		value := variableOf(name)
		if value == nil {
			return accessFormat{}, badRequest("Access log format has an unknown variable: $context.%s", name)
		}
		identified = identified || name == "requestId" || name == "extendedRequestId"
		format.pieces = append(format.pieces, piece{text: line[end:m[0]]}, piece{value: value, quoted: name == "error.messageString"})
		end = m[1]
	}
	if !identified {
		return accessFormat{}, badRequest("Access log format must contain at least $context.requestId")
	}
	format.pieces = append(format.pieces, piece{text: line[end:]})
	return format, nil
}

// render returns the line for an exchange. A variable without a value is rendered as
// "-".
func (f *accessFormat) render(x *exchange) string {
	var line strings.Builder
	for _, p := range f.pieces {
		if p.value == nil {
			line.WriteString(p.text)
			continue
		}
		switch value := p.value(x); {
		case value == "":
			line.WriteByte('-')
		case p.quoted:
			line.WriteString(strconv.Quote(value))
		case f.json || strings.ContainsFunc(value, unicode.IsControl):
			line.WriteString(escaped(value))
		default:
			line.WriteString(value)
		}
	}
	return line.String()
}

// escaped escapes a value as in a JSON string, without the quotes.
func escaped(value string) string {
	if !strings.ContainsFunc(value, needsEscape) {
		return value
	}
	quoted, _ := json.Marshal(value) // strings always encode
	return string(quoted[1 : len(quoted)-1])
}

// needsEscape reports whether a JSON string may contain a character only in escaped form.
func needsEscape(r rune) bool {
	return r < ' ' || r >= utf8.RuneSelf || strings.ContainsRune(`"\<>&`, r)
}

// variableOf returns the function that returns the value of a variable, or nil if
// there is no variable with that name. Any other property of an authorizer may be in
// the context that a Lambda authorizer returns, of which there are none here.
func variableOf(name string) func(*exchange) string {
	if claim, ok := strings.CutPrefix(name, "authorizer.claims."); ok {
		return func(x *exchange) string { return x.claim(claim) }
	}
	if value, ok := variables[name]; ok {
		return value
	}
	if property, ok := strings.CutPrefix(name, "authorizer."); ok && !strings.Contains(property, ".") {
		return absent
	}
	return nil
}

// variables holds the functions that return the values of API Gateway's variables.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
var variables = map[string]func(*exchange) string{
	"accountId":                              func(x *exchange) string { return x.place.Account },
	"apiId":                                  func(x *exchange) string { return x.api.ID },
	"authorizer.error":                       func(x *exchange) string { return x.denied },
	"awsEndpointRequestId":                   func(x *exchange) string { return x.invocation.requestID },
	"awsEndpointRequestId2":                  absent,
	"customDomain.basePathMatched":           absent,
	"dataProcessed":                          func(x *exchange) string { return strconv.Itoa(x.received + len(x.response.Body)) },
	"domainName":                             func(x *exchange) string { return x.Host },
	"domainPrefix":                           func(x *exchange) string { return x.api.ID },
	"error.message":                          func(x *exchange) string { return x.response.refusal },
	"error.messageString":                    func(x *exchange) string { return x.response.refusal },
	"error.responseType":                     responseType,
	"extendedRequestId":                      func(x *exchange) string { return x.id },
	"httpMethod":                             func(x *exchange) string { return x.Method },
	"identity.accountId":                     signed(func(c *endpoint.IAMAuthorization) string { return c.AccountID }),
	"identity.caller":                        signed(func(c *endpoint.IAMAuthorization) string { return c.CallerID }),
	"identity.user":                          signed(func(c *endpoint.IAMAuthorization) string { return c.UserID }),
	"identity.userArn":                       signed(func(c *endpoint.IAMAuthorization) string { return c.UserARN }),
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
	"identity.sourceIp":                      func(x *exchange) string { return endpoint.SourceIP(x.Request) },
	"identity.userAgent":                     func(x *exchange) string { return x.UserAgent() },
	"integration.error":                      integrationError,
	"integration.integrationStatus":          invocationStatus,
	"integration.latency":                    integrationLatency,
	"integration.requestId":                  func(x *exchange) string { return x.invocation.requestID },
	"integration.status":                     functionStatus,
	"integrationErrorMessage":                integrationError,
	"integrationLatency":                     integrationLatency,
	"integrationStatus":                      invocationStatus,
	"path":                                   func(x *exchange) string { return x.URL.Path },
	"protocol":                               func(x *exchange) string { return x.Proto },
	"requestId":                              func(x *exchange) string { return x.id },
	"requestTime":                            func(x *exchange) string { return x.start.UTC().Format(endpoint.RequestTime) },
	"requestTimeEpoch":                       func(x *exchange) string { return strconv.FormatInt(x.start.UnixMilli(), 10) },
	"responseLatency":                        func(x *exchange) string { return millis(time.Since(x.start)) },
	"responseLength":                         func(x *exchange) string { return strconv.Itoa(len(x.response.Body)) },
	"routeKey":                               func(x *exchange) string { return x.key.text },
	"stage":                                  func(x *exchange) string { return x.stage.Name },
	"status":                                 func(x *exchange) string { return status(x.response.Status) },
}

// absent is the function of variables for features that the local cloud does not
// have.
func absent(*exchange) string { return "" }

// signed returns the function of a variable that has a value only if the caller
// signed the request.
func signed(part func(*endpoint.IAMAuthorization) string) func(*exchange) string {
	return func(x *exchange) string {
		if x.authorization == nil || x.authorization.IAM == nil {
			return ""
		}
		return part(x.authorization.IAM)
	}
}

// claim returns a claim of the caller's token, or "" if there is none.
func (x *exchange) claim(name string) string {
	if x.authorization == nil || x.authorization.JWT == nil {
		return ""
	}
	return x.authorization.JWT.Claims[name]
}

func responseType(x *exchange) string {
	if x.response.refusal == "" {
		return ""
	}
	return responseTypes[x.response.Status]
}

func integrationError(x *exchange) string { return x.invocation.failure }

// invocationStatus returns the status with which Lambda responded to the
// invocation.
func invocationStatus(x *exchange) string { return status(x.invocation.status) }

// functionStatus returns the status in the function's response.
func functionStatus(x *exchange) string {
	if x.invocation.status == 0 || x.invocation.failure != "" {
		return ""
	}
	return status(x.response.Status)
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
