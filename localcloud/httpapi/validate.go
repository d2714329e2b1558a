package httpapi

import (
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"tally/localcloud/cloud"
)

// The functions in this file refuse values whose form API Gateway refuses, and
// features that the local cloud does not have. They are pure functions. Their errors
// are *cloud.Error with the code BadRequestException.
//
// https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/

// CheckName checks the name of an API or authorizer: 1 to 128 characters.
func CheckName(name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > 128 {
		return badRequest("Invalid name specified: it must have 1 to 128 characters, not %d", n)
	}
	return nil
}

// CheckDescription checks the description of an API, integration or stage: at
// most 1,024 characters.
func CheckDescription(description string) error {
	if n := utf8.RuneCountInString(description); n > 1024 {
		return badRequest("Invalid description specified: it must have at most 1024 characters, not %d", n)
	}
	return nil
}

// CheckProtocolType checks the protocol of an API: "HTTP".
func CheckProtocolType(protocol string) error {
	switch protocol {
	case "HTTP":
		return nil
	case "WEBSOCKET":
		return badRequest("the local cloud supports only ProtocolType HTTP, not WEBSOCKET")
	}
	return badRequest("Invalid protocol specified. Must be one of [HTTP, WEBSOCKET], not %q", protocol)
}

// CheckCORS checks the CORS configuration of an API; nil is valid.
func CheckCORS(c *CORS) error {
	if c == nil {
		return nil
	}
	for _, o := range c.AllowOrigins {
		if !isOrigin(o) {
			return badRequest("Invalid format for origin %s: it must be *, http://*, https://*, or a scheme and a host as in https://www.example.com", o)
		}
	}
	concrete := slices.DeleteFunc(slices.Clone(methods), func(m string) bool { return m == anyMethod })
	for _, m := range c.AllowMethods {
		if m != "*" && !slices.Contains(concrete, m) {
			return badRequest("Invalid method %q in allowMethods: it must be * or one of %s", m, strings.Join(concrete, ", "))
		}
	}
	switch {
	case c.AllowCredentials && slices.Contains(c.AllowOrigins, "*"):
		return badRequest("allow-credentials is not supported for origin *")
	case c.MaxAgeSeconds < -1 || c.MaxAgeSeconds > 86400:
		return badRequest("Invalid maxAge: it must be from -1 to 86400 seconds, not %d", c.MaxAgeSeconds)
	}
	return nil
}

func isOrigin(text string) bool {
	switch text {
	case "*", "http://*", "https://*":
		return true
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.Contains(u.Host, "*") &&
		text == u.Scheme+"://"+u.Host
}

// CheckIntegrationType checks the type of an integration: "AWS_PROXY".
func CheckIntegrationType(kind string) error {
	if kind != "AWS_PROXY" {
		return badRequest("the local cloud supports only IntegrationType AWS_PROXY, not %q", kind)
	}
	return nil
}

// CheckIntegrationURI checks the URI of an integration: the ARN of a function,
// or the URI of its invocations.
func CheckIntegrationURI(uri string) error {
	if functionOf(uri) == "" {
		return badRequest("Invalid function ARN or invalid uri: %q", uri)
	}
	return nil
}

// CheckIntegrationMethod checks the method of an integration: "POST".
func CheckIntegrationMethod(method string) error {
	if method != "POST" {
		return badRequest("IntegrationMethod must be POST for a Lambda function, not %q", method)
	}
	return nil
}

// CheckPayloadFormatVersion checks the payload format of an integration: "2.0".
func CheckPayloadFormatVersion(version string) error {
	switch version {
	case "2.0":
		return nil
	case "1.0":
		return badRequest("the local cloud supports only PayloadFormatVersion 2.0, not 1.0")
	case "":
		return badRequest("PayloadFormatVersion is a required parameter for integration type AWS_PROXY")
	}
	return badRequest("Invalid PayloadFormatVersion %q: it must be 1.0 or 2.0", version)
}

// CheckTimeoutMillis checks the timeout of an integration: 50 to 30,000
// milliseconds.
func CheckTimeoutMillis(millis int) error {
	if millis < 50 || millis > 30_000 {
		return badRequest("Timeout should be between 50 ms and 30000 ms, not %d ms", millis)
	}
	return nil
}

// CheckRouteKey checks the key of a route: "METHOD /path" or "$default".
func CheckRouteKey(key string) error {
	_, err := parseRouteKey(key)
	return err
}

// CheckTarget checks the form of a route's target: "integrations/ID".
func CheckTarget(target string) error {
	if id, ok := strings.CutPrefix(target, targetPrefix); !ok || id == "" {
		return badRequest("Invalid target specified: it must be integrations/<integration ID>, not %q", target)
	}
	return nil
}

// CheckOperationName checks the operation name of a route: at most 64
// characters.
func CheckOperationName(name string) error {
	if n := utf8.RuneCountInString(name); n > 64 {
		return badRequest("Invalid operation name specified: it must have 1 to 64 characters, not %d", n)
	}
	return nil
}

// CheckAuthorizationType checks the authorization type of a route: "NONE",
// "AWS_IAM" or "JWT".
func CheckAuthorizationType(kind string) error {
	switch kind {
	case authNone, authIAM, authJWT:
		return nil
	case "CUSTOM":
		return badRequest("the local cloud supports only AuthorizationType NONE, AWS_IAM and JWT, not CUSTOM")
	}
	return badRequest("Invalid authorization type specified. Must be one of [NONE, AWS_IAM, CUSTOM, JWT], not %q", kind)
}

// CheckScopes checks the authorization scopes of a route: 1 to 64 characters
// each.
func CheckScopes(scopes []string) error {
	for _, scope := range scopes {
		if n := utf8.RuneCountInString(scope); n < 1 || n > 64 {
			return badRequest("Invalid authorization scope %q: it must have 1 to 64 characters, not %d", scope, n)
		}
	}
	return nil
}

// CheckAuthorization checks that a route with the given authorization type has an
// authorizer if the type requires one, and otherwise neither an authorizer nor
// scopes.
func CheckAuthorization(kind string, authorizer, scopes bool) error {
	switch {
	case kind == authJWT && !authorizer:
		return badRequest("AuthorizerId is a required parameter for authorization type JWT")
	case kind != authJWT && (authorizer || scopes):
		return badRequest("AuthorizerId and AuthorizationScopes are valid only with authorization type JWT, not with %s", kind)
	}
	return nil
}

// CheckAuthorizerType checks the type of an authorizer: "JWT".
func CheckAuthorizerType(kind string) error {
	switch kind {
	case "JWT":
		return nil
	case "REQUEST":
		return badRequest("the local cloud supports only AuthorizerType JWT, not REQUEST")
	}
	return badRequest("Invalid authorizer type specified. Must be one of [JWT, REQUEST], not %q", kind)
}

// CheckIdentitySources checks where the token of a request is: in one header or in
// one parameter of the query string.
func CheckIdentitySources(sources []string) error {
	if len(sources) == 1 {
		if _, ok := parseTokenSource(sources[0]); ok {
			return nil
		}
	}
	return badRequest("IdentitySource must be $request.header.<name> or $request.querystring.<name>, not %q", sources)
}

// CheckIssuer checks the issuer of tokens: an HTTPS URL, or a plain HTTP URL on the
// loopback interface.
func CheckIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || strings.ContainsAny(issuer, "?#") || u.User != nil {
		return badRequest("Invalid issuer: %q is not the URL of an issuer, such as https://login.example.com/tenant", issuer)
	}
	if err := checkSecure(u); err != nil {
		return badRequest("Invalid issuer: %v", err)
	}
	return nil
}

// CheckAudience checks the audience of tokens: at least one value, and none of them
// empty.
func CheckAudience(audience []string) error {
	if len(audience) == 0 || slices.Contains(audience, "") {
		return badRequest("Audience is a required parameter for authorizer type JWT")
	}
	return nil
}

var (
	stageName          = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	stageVariableName  = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	stageVariableValue = regexp.MustCompile(`^[A-Za-z0-9._~:/?#&=,-]+$`)
)

// CheckStageName checks the name of a stage: "$default", or 1 to 128 letters,
// digits, hyphens and underscores.
func CheckStageName(name string) error {
	if name != defaultStage && (len(name) > 128 || !stageName.MatchString(name)) {
		return badRequest("Stage name only allows a-zA-Z0-9_- and $default, 128 characters at most, not %q", name)
	}
	return nil
}

// CheckAutoDeploy checks that a stage deploys every change automatically.
func CheckAutoDeploy(auto bool) error {
	if !auto {
		return badRequest("the local cloud has no deployments, and so supports only AutoDeploy true: set autoDeploy to true")
	}
	return nil
}

// CheckStageVariables checks the characters in the names and values of stage
// variables.
func CheckStageVariables(variables map[string]string) error {
	for name, value := range variables {
		if !stageVariableName.MatchString(name) || !stageVariableValue.MatchString(value) {
			return badRequest("Stage variable %q is invalid: its name may contain only A-Za-z0-9_ and its value only A-Za-z0-9-._~:/?#&=,", name)
		}
	}
	return nil
}

// CheckBurstLimit checks the burst limit of a route: a 32-bit number of
// requests.
func CheckBurstLimit(requests int) error {
	if requests < 0 || requests > math.MaxInt32 {
		return badRequest("Invalid throttling burst limit: it must be from 0 to %d, not %d", math.MaxInt32, requests)
	}
	return nil
}

// CheckRateLimit checks the rate limit of a route in requests per second.
func CheckRateLimit(rate float64) error {
	switch {
	case math.IsNaN(rate) || math.IsInf(rate, 0):
		return badRequest("Invalid throttling rate limit: it must be a number, not %g", rate)
	case rate < 0:
		return badRequest("Invalid throttling rate limit: it must not be negative, but is %g", rate)
	}
	return nil
}

// CheckAccessLogDestination checks the ARN of a stage's access log: a log group in
// this place, with or without ":*" at the end.
func CheckAccessLogDestination(place cloud.Place, arn string) error {
	if logGroupOf(place, arn) == "" {
		return badRequest("Invalid ARN specified in the request: access logs go to a log group of this account and region, not to %q", arn)
	}
	return nil
}

// CheckAccessLogFormat checks the format of an access log: one line that contains
// $context.requestId, and no unknown variables.
func CheckAccessLogFormat(format string) error {
	_, err := parseFormat(format)
	return err
}

// CheckTags checks the tags of an API or stage: up to 50.
func CheckTags(tags map[string]string) error {
	if err := cloud.CheckTags(tags); err != nil {
		return badRequest("Invalid tags specified: %v", err)
	}
	return nil
}
