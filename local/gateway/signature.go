package gateway

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"tally/local/cloud"
)

// A signature is what a request says about its signature, Version 4: in the
// Authorization header, or in the query string of a presigned request.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
type signature struct {
	accessKey     string
	day           string // "20060102"
	region        string
	service       string
	signedHeaders []string // lower case
	value         string   // lower-case hex
	token         string   // session token, "" for lasting keys
	at            time.Time
	presigned     bool
	expires       time.Duration // of a presigned request
}

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
	clockSkew  = 15 * time.Minute
)

func parseSignature(r *http.Request) (signature, error) {
	if r.URL.Query().Has("X-Amz-Signature") {
		return parsePresigned(r.URL.Query())
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		return signature{}, cloud.Errorf(http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	name, rest, _ := strings.Cut(header, " ")
	if name != algorithm {
		return signature{}, incomplete("Unsupported AWS 'algorithm': '%s', it must be %s", name, algorithm)
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return signature{}, incomplete("'%s' not a valid key=value pair (missing equal-sign) in Authorization header", part)
		}
		parts[key] = value
	}
	for _, key := range []string{"Credential", "Signature", "SignedHeaders"} {
		if parts[key] == "" {
			return signature{}, incomplete("Authorization header requires '%s' parameter.", key)
		}
	}
	s := signature{token: r.Header.Get("X-Amz-Security-Token")}
	return s, s.parse(parts["Credential"], parts["SignedHeaders"], parts["Signature"], r.Header.Get("X-Amz-Date"))
}

func parsePresigned(q url.Values) (signature, error) {
	if q.Get("X-Amz-Algorithm") != algorithm {
		return signature{}, incomplete("Unsupported AWS 'algorithm': '%s', it must be %s", q.Get("X-Amz-Algorithm"), algorithm)
	}
	s := signature{presigned: true, token: q.Get("X-Amz-Security-Token"), expires: clockSkew}
	if q.Has("X-Amz-Expires") {
		seconds, err := strconv.Atoi(q.Get("X-Amz-Expires"))
		if err != nil || seconds < 1 || seconds > 7*24*60*60 {
			return signature{}, incomplete("X-Amz-Expires must be a number of seconds from 1 to 604800, not '%s'", q.Get("X-Amz-Expires"))
		}
		s.expires = time.Duration(seconds) * time.Second
	}
	return s, s.parse(q.Get("X-Amz-Credential"), q.Get("X-Amz-SignedHeaders"), q.Get("X-Amz-Signature"), q.Get("X-Amz-Date"))
}

// parse reads the parts that both kinds have.
func (s *signature) parse(credential, signedHeaders, value, date string) error {
	scope := strings.Split(credential, "/")
	if len(scope) != 5 {
		return incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'", credential)
	}
	if scope[4] != "aws4_request" {
		return mismatch("Credential should be scoped with a valid terminator: 'aws4_request', not '%s'.", scope[4])
	}
	s.accessKey, s.day, s.region, s.service = scope[0], scope[1], scope[2], scope[3]
	s.signedHeaders, s.value = strings.Split(signedHeaders, ";"), value
	at, err := time.Parse(timeFormat, date)
	if err != nil {
		return incomplete("A signed request requires an 'X-Amz-Date' like %s, not '%s'.", timeFormat, date)
	}
	s.at = at
	if day := at.Format("20060102"); s.day != day {
		return mismatch("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.", s.day, day, date)
	}
	return nil
}

// identify finds out who signed the request.
func (g *gateway) identify(r *http.Request, body []byte) (cloud.Caller, error) {
	s, err := parseSignature(r)
	if err != nil {
		return cloud.Caller{}, err
	}
	if err := g.checkScope(s); err != nil {
		return cloud.Caller{}, err
	}
	if err := s.checkTime(time.Now().UTC()); err != nil {
		return cloud.Caller{}, err
	}
	creds, err := g.IAM.Credentials(s.accessKey)
	if err != nil {
		return cloud.Caller{}, err
	}
	if subtle.ConstantTimeCompare([]byte(creds.SessionToken), []byte(s.token)) == 0 {
		return cloud.Caller{}, cloud.Errorf(http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid.")
	}
	want, err := g.sign(r, body, s, creds)
	if err != nil {
		return cloud.Caller{}, err
	}
	if subtle.ConstantTimeCompare([]byte(want), []byte(s.value)) == 0 {
		return cloud.Caller{}, mismatch("The request signature we calculated does not match the signature you provided. " +
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return creds.Caller, nil
}

// checkScope: STS also answers as its global endpoint, whose clients sign for
// us-east-1 wherever they are.
func (g *gateway) checkScope(s signature) error {
	if g.protocols[s.service] == nil {
		return mismatch("Credential should be scoped to correct service: the local cloud has %s, not '%s'.",
			strings.Join(slices.Sorted(maps.Keys(g.protocols)), ", "), s.service)
	}
	if s.region != g.place.Region && (s.service != "sts" || s.region != "us-east-1") {
		return mismatch("Credential should be scoped to a valid region: the local cloud is in %s, not '%s'.", g.place.Region, s.region)
	}
	return nil
}

func (s signature) checkTime(now time.Time) error {
	valid := clockSkew
	if s.presigned {
		valid = s.expires
	}
	at := s.at.Format(timeFormat)
	if limit := now.Add(-valid); s.at.Before(limit) {
		return mismatch("Signature expired: %s is now earlier than %s (%s - %g min.)", at, limit.Format(timeFormat), now.Format(timeFormat), valid.Minutes())
	}
	if limit := now.Add(clockSkew); s.at.After(limit) {
		return mismatch("Signature not yet current: %s is still later than %s (%s + %g min.)", at, limit.Format(timeFormat), now.Format(timeFormat), clockSkew.Minutes())
	}
	return nil
}

// sign makes the signature that the request should have. The hash of the body
// is always that of the body received: the operations served here take no
// unsigned or separately signed payload.
func (g *gateway) sign(r *http.Request, body []byte, s signature, creds cloud.Credentials) (string, error) {
	again := &http.Request{Method: r.Method, URL: &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath}, Host: r.Host, Header: http.Header{}}
	for _, name := range s.signedHeaders {
		if values := r.Header.Values(name); len(values) > 0 {
			again.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
		}
	}
	if slices.Contains(s.signedHeaders, "content-length") {
		again.ContentLength = r.ContentLength
	}
	q := r.URL.Query()
	q.Del("X-Amz-Signature")
	again.URL.RawQuery = q.Encode()

	keys := aws.Credentials{AccessKeyID: creds.AccessKeyID, SecretAccessKey: creds.SecretAccessKey}
	if s.presigned || slices.Contains(s.signedHeaders, "x-amz-security-token") {
		keys.SessionToken = creds.SessionToken
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if s.presigned {
		signed, _, err := g.signer.PresignHTTP(r.Context(), keys, again, hash, s.service, s.region, s.at,
			func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true })
		if err != nil {
			return "", err
		}
		_, value, _ := strings.Cut(signed, "X-Amz-Signature=")
		return value, nil
	}
	if err := g.signer.SignHTTP(r.Context(), keys, again, hash, s.service, s.region, s.at); err != nil {
		return "", err
	}
	_, value, _ := strings.Cut(again.Header.Get("Authorization"), "Signature=")
	return value, nil
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

func incomplete(format string, args ...any) error {
	return cloud.Errorf(http.StatusBadRequest, "IncompleteSignature", format, args...)
}

func mismatch(format string, args ...any) error {
	return cloud.Errorf(http.StatusForbidden, "SignatureDoesNotMatch", format, args...)
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
