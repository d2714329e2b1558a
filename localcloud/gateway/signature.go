package gateway

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/sigv4"
)

// checkSignature refuses a request for what its signature says without the body.
func (c *call) checkSignature() error {
	if c.isUnsigned() {
		return nil
	}
	if c.signatureErr != nil {
		return c.signatureErr
	}
	if err := c.checkScope(c.signature); err != nil {
		return err
	}
	_, err := c.verifier.Credentials(c.signature)
	return err
}

// isUnsigned reports whether the request is the URL of an operation that needs no
// signature, and has none. The operation is that of the URL, because a request without a
// body has no other.
func (c *call) isUnsigned() bool {
	return c.Method == http.MethodGet && cloud.ErrorCode(c.signatureErr) == "MissingAuthenticationToken" &&
		c.service.operations[c.URL.Query().Get("Action")].unsigned
}

// identify returns the caller that signed the request, which checkSignature has not
// refused. It returns the zero Caller if the request needs no signature.
func (c *call) identify() (cloud.Caller, error) {
	if c.isUnsigned() {
		return cloud.Caller{}, nil
	}
	creds, err := c.verifier.Verify(c.Request, c.body, c.signature)
	return creds.Caller, err
}

// checkScope refuses a request to a service or region that is not here, as its
// signature has it. STS also serves
// its global endpoint, whose clients sign for us-east-1 in every region.
func (g *gateway) checkScope(s sigv4.Signature) error {
	if g.services[s.Service] == nil {
		return cloud.Errorf(http.StatusNotImplemented, "NotImplemented", "The local cloud does not have the service %q; it has %s.",
			s.Service, strings.Join(slices.Sorted(maps.Keys(g.services)), ", "))
	}
	if s.Region != g.place.Region && (s.Service != "sts" || s.Region != "us-east-1") {
		return sigv4.Mismatch("Credential should be scoped to a valid region: the local cloud is in %s, not '%s'.", g.place.Region, s.Region)
	}
	return nil
}

// parameters returns the query parameters that are not part of a signature.
func (c *call) parameters() url.Values {
	q := c.URL.Query()
	for name := range q {
		if strings.HasPrefix(name, "X-Amz-") {
			q.Del(name)
		}
	}
	return q
}

// jsonCode returns the code that services with JSON protocols use for an error of
// package sigv4 or iam, whose codes are those of the Query protocol.
func jsonCode(code string) string {
	switch code {
	case "InvalidClientTokenId":
		return "UnrecognizedClientException"
	case "SignatureDoesNotMatch":
		return "InvalidSignatureException"
	case "MissingAuthenticationToken", "IncompleteSignature", "AccessDenied", "ExpiredToken":
		return code + "Exception"
	}
	return code
}
