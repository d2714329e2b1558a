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

// identify finds out who signed the request.
func (g *gateway) identify(r *http.Request, body []byte) (cloud.Caller, error) {
	s, err := sigv4.Parse(r)
	if err != nil {
		return cloud.Caller{}, err
	}
	if err := g.checkScope(s); err != nil {
		return cloud.Caller{}, err
	}
	creds, err := g.verifier.Verify(r, body, s)
	return creds.Caller, err
}

// checkScope: STS also answers as its global endpoint, whose clients sign for
// us-east-1 wherever they are.
func (g *gateway) checkScope(s sigv4.Signature) error {
	if g.protocols[s.Service] == nil {
		return sigv4.Mismatch("Credential should be scoped to correct service: the local cloud has %s, not '%s'.",
			strings.Join(slices.Sorted(maps.Keys(g.protocols)), ", "), s.Service)
	}
	if s.Region != g.place.Region && (s.Service != "sts" || s.Region != "us-east-1") {
		return sigv4.Mismatch("Credential should be scoped to a valid region: the local cloud is in %s, not '%s'.", g.place.Region, s.Region)
	}
	return nil
}

// parameters are the query parameters that are not part of a signature.
func (c *call) parameters() url.Values {
	q := c.URL.Query()
	for name := range q {
		if strings.HasPrefix(name, "X-Amz-") {
			q.Del(name)
		}
	}
	return q
}

// jsonName is how services with JSON protocols name the errors of signatures,
// which are named here as those with the Query protocol do.
func jsonName(code string) string {
	switch code {
	case "InvalidClientTokenId":
		return "UnrecognizedClientException"
	case "SignatureDoesNotMatch":
		return "InvalidSignatureException"
	case "MissingAuthenticationToken", "IncompleteSignature", "AccessDenied":
		return code + "Exception"
	}
	return code
}
