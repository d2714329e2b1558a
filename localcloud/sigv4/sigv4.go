// Package sigv4 verifies AWS Signature Version 4, in the Authorization header or in
// the query string of a presigned request, and so identifies who signed a request.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
package sigv4

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"tally/localcloud/cloud"
)

// A Signature is the parsed signature of a request.
type Signature struct {
	AccessKey     string
	Region        string    // from the credential scope
	Service       string    // from the credential scope
	day           string    // from the credential scope: "20060102"
	signedHeaders []string  // in lowercase
	value         string    // lowercase hex
	token         string    // session token, "" for long-term keys
	at            time.Time // when the request was signed
	presigned     bool
	expires       time.Duration // how long a presigned request is valid
}

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
	// clockSkew is how far the time of a request may be from that of AWS.
	//
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-signing.html
	clockSkew = 5 * time.Minute
)

// Parse parses the signature of a request without verifying it. It fails with
// MissingAuthenticationToken if there is none, and with IncompleteSignature or
// SignatureDoesNotMatch if it is malformed.
func Parse(r *http.Request) (Signature, error) {
	if r.URL.Query().Has("X-Amz-Signature") {
		return parsePresigned(r.URL.Query())
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		return Signature{}, cloud.Errorf(http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	name, rest, _ := strings.Cut(header, " ")
	if name != algorithm {
		return Signature{}, incomplete("Unsupported AWS 'algorithm': '%s', it must be %s", name, algorithm)
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return Signature{}, incomplete("'%s' not a valid key=value pair (missing equal-sign) in Authorization header", part)
		}
		parts[key] = value
	}
	for _, key := range []string{"Credential", "Signature", "SignedHeaders"} {
		if parts[key] == "" {
			return Signature{}, incomplete("Authorization header requires '%s' parameter.", key)
		}
	}
	s := Signature{token: r.Header.Get("X-Amz-Security-Token")}
	return s, s.parse(parts["Credential"], parts["SignedHeaders"], parts["Signature"], r.Header.Get("X-Amz-Date"))
}

func parsePresigned(q url.Values) (Signature, error) {
	if q.Get("X-Amz-Algorithm") != algorithm {
		return Signature{}, incomplete("Unsupported AWS 'algorithm': '%s', it must be %s", q.Get("X-Amz-Algorithm"), algorithm)
	}
	s := Signature{presigned: true, token: q.Get("X-Amz-Security-Token"), expires: clockSkew}
	if q.Has("X-Amz-Expires") {
		seconds, err := strconv.Atoi(q.Get("X-Amz-Expires"))
		if err != nil || seconds < 1 || seconds > 7*24*60*60 {
			return Signature{}, incomplete("X-Amz-Expires must be a number of seconds from 1 to 604800, not '%s'", q.Get("X-Amz-Expires"))
		}
		s.expires = time.Duration(seconds) * time.Second
	}
	return s, s.parse(q.Get("X-Amz-Credential"), q.Get("X-Amz-SignedHeaders"), q.Get("X-Amz-Signature"), q.Get("X-Amz-Date"))
}

// parse parses what both kinds of signatures contain.
func (s *Signature) parse(credential, signedHeaders, value, date string) error {
	scope := strings.Split(credential, "/")
	if len(scope) != 5 {
		return incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'", credential)
	}
	if scope[4] != "aws4_request" {
		return Mismatch("Credential should be scoped with a valid terminator: 'aws4_request', not '%s'.", scope[4])
	}
	s.AccessKey, s.day, s.Region, s.Service = scope[0], scope[1], scope[2], scope[3]
	s.signedHeaders, s.value = strings.Split(signedHeaders, ";"), value
	at, err := time.Parse(timeFormat, date)
	if err != nil {
		return incomplete("A signed request requires an 'X-Amz-Date' like %s, not '%s'.", timeFormat, date)
	}
	s.at = at
	if day := at.Format("20060102"); s.day != day {
		return Mismatch("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.", s.day, day, date)
	}
	return nil
}

// A Verifier verifies signatures with the keys of one account.
type Verifier struct {
	credentials func(accessKeyID string) (cloud.Credentials, error)
	signer      *v4.Signer
}

// New returns a Verifier that looks up access keys with the function credentials.
func New(credentials func(accessKeyID string) (cloud.Credentials, error)) *Verifier {
	return &Verifier{credentials, v4.NewSigner()}
}

// Verify verifies s, which Parse returned for r, and returns the credentials that
// signed the request. It does not check the region and the service of s. It fails
// with SignatureDoesNotMatch if the signature is wrong or has expired, and with
// InvalidClientTokenId if the access key or its session token is unknown.
func (v *Verifier) Verify(r *http.Request, body []byte, s Signature) (cloud.Credentials, error) {
	creds, err := v.Credentials(s)
	if err != nil {
		return cloud.Credentials{}, err
	}
	want, err := v.sign(r, body, s, creds)
	if err != nil {
		return cloud.Credentials{}, err
	}
	if subtle.ConstantTimeCompare([]byte(want), []byte(s.value)) == 0 {
		return cloud.Credentials{}, Mismatch("The request signature we calculated does not match the signature you provided. " +
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return creds, nil
}

// Credentials returns the credentials that s claims to be of, without verifying it, so
// that the body of a request with an unknown key need not be read. It fails as Verify
// does if the signature has expired or its key is unknown.
func (v *Verifier) Credentials(s Signature) (cloud.Credentials, error) {
	if err := s.checkTime(time.Now().UTC()); err != nil {
		return cloud.Credentials{}, err
	}
	creds, err := v.credentials(s.AccessKey)
	if err != nil {
		return cloud.Credentials{}, err
	}
	if subtle.ConstantTimeCompare([]byte(creds.SessionToken), []byte(s.token)) == 0 {
		return cloud.Credentials{}, cloud.Errorf(http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid.")
	}
	return creds, nil
}

func (s Signature) checkTime(now time.Time) error {
	valid := clockSkew
	if s.presigned {
		valid = s.expires
	}
	at := s.at.Format(timeFormat)
	if limit := now.Add(-valid); s.at.Before(limit) {
		return Mismatch("Signature expired: %s is now earlier than %s (%s - %g min.)", at, limit.Format(timeFormat), now.Format(timeFormat), valid.Minutes())
	}
	if limit := now.Add(clockSkew); s.at.After(limit) {
		return Mismatch("Signature not yet current: %s is still later than %s (%s + %g min.)", at, limit.Format(timeFormat), now.Format(timeFormat), clockSkew.Minutes())
	}
	return nil
}

// sign returns the signature that the request should have. The payload hash is
// always that of the received body, because no operation here accepts an unsigned
// or a separately signed payload.
func (v *Verifier) sign(r *http.Request, body []byte, s Signature, creds cloud.Credentials) (string, error) {
	expected := &http.Request{Method: r.Method, URL: &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath}, Host: r.Host, Header: http.Header{}}
	for _, name := range s.signedHeaders {
		if values := r.Header.Values(name); len(values) > 0 {
			expected.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
		}
	}
	if slices.Contains(s.signedHeaders, "content-length") {
		expected.ContentLength = r.ContentLength
	}
	q := r.URL.Query()
	q.Del("X-Amz-Signature")
	expected.URL.RawQuery = q.Encode()

	keys := aws.Credentials{AccessKeyID: creds.AccessKeyID, SecretAccessKey: creds.SecretAccessKey}
	if s.presigned || slices.Contains(s.signedHeaders, "x-amz-security-token") {
		keys.SessionToken = creds.SessionToken
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if s.presigned {
		signed, _, err := v.signer.PresignHTTP(r.Context(), keys, expected, hash, s.Service, s.Region, s.at,
			func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true })
		if err != nil {
			return "", err
		}
		_, value, _ := strings.Cut(signed, "X-Amz-Signature=")
		return value, nil
	}
	if err := v.signer.SignHTTP(r.Context(), keys, expected, hash, s.Service, s.Region, s.at); err != nil {
		return "", err
	}
	_, value, _ := strings.Cut(expected.Header.Get("Authorization"), "Signature=")
	return value, nil
}

func incomplete(format string, args ...any) error {
	return cloud.Errorf(http.StatusBadRequest, "IncompleteSignature", format, args...)
}

// Mismatch returns the error SignatureDoesNotMatch, for an invalid signature.
func Mismatch(format string, args ...any) error {
	return cloud.Errorf(http.StatusForbidden, "SignatureDoesNotMatch", format, args...)
}
