package lambda

import (
	"cmp"
	"slices"
)

// The authorization types of URLs, and their only invoke mode here.
const (
	authNone = "NONE"
	authIAM  = "AWS_IAM"
	buffered = "BUFFERED"
)

// The limits of the CORS configuration of a URL.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html
const (
	maxCORSItems    = 100 // origins, allowed headers, exposed headers
	maxCORSMethods  = 6
	maxOriginLength = 253
	maxHeaderLength = 1024
	maxCORSAge      = 86_400 // seconds
)

// CheckURLTarget accepts a function, or an alias of it. It refuses versions and $LATEST.
func CheckURLTarget(function, qualifier string) error {
	n, err := parseName(function, qualifier)
	if err != nil {
		return err
	}
	if n.qualifier != "" && (!aliasName.MatchString(n.qualifier) || number.MatchString(n.qualifier)) {
		return violated(n.qualifier, "qualifier", `Member must satisfy regular expression pattern: ((?!^\d+$)^[0-9a-zA-Z-_]+$)`)
	}
	return nil
}

// CheckURLAuthType accepts "NONE" and "AWS_IAM".
func CheckURLAuthType(kind string) error { return oneOf("authType", kind, authNone, authIAM) }

// CheckInvokeMode accepts "BUFFERED".
func CheckInvokeMode(mode string) error {
	if mode == "RESPONSE_STREAM" {
		return badParameter("the local cloud supports only InvokeMode %s, not RESPONSE_STREAM", buffered)
	}
	return oneOf("invokeMode", mode, buffered)
}

// CheckURLCORS checks the CORS configuration of a URL; nil is valid.
func CheckURLCORS(c *CORS) error {
	if c == nil {
		return nil
	}
	return cmp.Or(
		CheckCORSOrigins(c.AllowOrigins), CheckCORSMethods(c.AllowMethods), CheckCORSHeaders(c.AllowHeaders),
		CheckCORSExposedHeaders(c.ExposeHeaders), CheckCORSMaxAge(c.MaxAgeSeconds),
	)
}

// CheckCORSOrigins accepts up to 100 origins of up to 253 characters.
func CheckCORSOrigins(origins []string) error {
	if slices.Contains(origins, "") {
		return violated("", "cors.allowOrigins", "Member must have length greater than or equal to 1")
	}
	return checkCORSList("cors.allowOrigins", origins, maxOriginLength)
}

// CheckCORSHeaders accepts up to 100 names of up to 1,024 characters.
func CheckCORSHeaders(names []string) error {
	return checkCORSList("cors.allowHeaders", names, maxHeaderLength)
}

// CheckCORSExposedHeaders accepts what CheckCORSHeaders accepts.
func CheckCORSExposedHeaders(names []string) error {
	return checkCORSList("cors.exposeHeaders", names, maxHeaderLength)
}

// CheckCORSMethods accepts up to six of GET, PUT, HEAD, POST, PATCH and DELETE, or "*".
func CheckCORSMethods(methods []string) error {
	for _, m := range methods {
		if err := oneOf("cors.allowMethods", m, "GET", "PUT", "HEAD", "POST", "PATCH", "DELETE", "*"); err != nil {
			return err
		}
	}
	return atMostItems("cors.allowMethods", methods, maxCORSMethods)
}

// CheckCORSMaxAge accepts 0 to 86,400 seconds.
func CheckCORSMaxAge(seconds int) error { return between("cors.maxAge", seconds, 0, maxCORSAge) }

func checkCORSList(parameter string, values []string, length int) error {
	for _, v := range values {
		if err := atMost(parameter, v, length); err != nil {
			return err
		}
	}
	return atMostItems(parameter, values, maxCORSItems)
}

func atMostItems(parameter string, values []string, max int) error {
	if len(values) > max {
		return violated(values, parameter, "Member must have length less than or equal to %d", max)
	}
	return nil
}

// CheckPermissionAuthType accepts "NONE" and "AWS_IAM".
func CheckPermissionAuthType(kind string) error {
	return oneOf("functionUrlAuthType", kind, authNone, authIAM)
}

// CheckURLPermission refuses conditions on URLs in permissions for other actions. AWS does
// not document the wording for invokedViaURL.
//
// https://github.com/RJPearson94/terraform-aws-open-next/issues/73
func CheckURLPermission(action, authType string, invokedViaURL bool) error {
	switch {
	case authType != "" && action != invokeURLAction:
		return badParameter("FunctionUrlAuthType is only supported for %s action", invokeURLAction)
	case invokedViaURL && action != invokeAction:
		return badParameter("InvokedViaFunctionUrl is only supported for %s action", invokeAction)
	}
	return nil
}
