package sns

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// signer signs messages to HTTP endpoints. Its key is made when the first message is
// signed, and kept in the store.
type signer struct {
	place cloud.Place
	keys  *store.Table[signingKey] // at most one

	mu    sync.Mutex
	ready *readyKey // nil until it is needed
}

// signingKey is a key and its certificate, both in DER.
type signingKey struct {
	PKCS8       []byte
	Certificate []byte
}

// readyKey is a key that can sign, its certificate in DER, and the path of the
// certificate's URL.
type readyKey struct {
	private     *rsa.PrivateKey
	certificate []byte
	path        string
}

func newSigner(place cloud.Place, st *store.Store) (*signer, error) {
	keys, err := store.NewTable[signingKey](st, "sns-signing-key")
	return &signer{place: place, keys: keys}, err
}

// signature returns the signature of a text in base64: RSA with SHA-1 in version 1 and
// with SHA-256 in version 2.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
func (s *signer) signature(version int, text string) (string, error) {
	key, err := s.key()
	if err != nil {
		return "", err
	}
	hash, digest := crypto.SHA1, sha1Sum(text)
	if version == 2 {
		sum := sha256.Sum256([]byte(text))
		hash, digest = crypto.SHA256, sum[:]
	}
	signed, err := rsa.SignPKCS1v15(nil, key.private, hash, digest)
	return base64.StdEncoding.EncodeToString(signed), err
}

func sha1Sum(text string) []byte {
	sum := sha1.Sum([]byte(text)) // as version 1 requires
	return sum[:]
}

// CertificatePrefix is what the path of the signing certificate starts with.
const CertificatePrefix = "/SimpleNotificationService-"

// Certificate returns the certificate, in PEM, that belongs to the signatures of messages,
// if path is that of SigningCertURL in these messages.
func (s *Service) Certificate(path string) ([]byte, error) {
	key, err := s.http.signer.key()
	if err != nil {
		return nil, err
	}
	if path != key.path {
		return nil, notFound("Certificate")
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: key.certificate}), nil
}

// key returns the key. It makes one if there is none.
func (s *signer) key() (*readyKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready != nil {
		return s.ready, nil
	}
	stored, ok := s.keys.Get("")
	if !ok {
		var err error
		if stored, err = newSigningKey(s.place); err != nil {
			return nil, err
		}
		if err := s.keys.Put("", stored); err != nil {
			return nil, err
		}
	}
	parsed, err := x509.ParsePKCS8PrivateKey(stored.PKCS8)
	private, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("the key that signs messages: %w: %w", store.ErrUnusable, err)
	}
	sum := sha256.Sum256(stored.Certificate)
	s.ready = &readyKey{private, stored.Certificate, CertificatePrefix + hex.EncodeToString(sum[:16]) + ".pem"}
	return s.ready, nil
}

// newSigningKey makes a key with a certificate that the key itself has signed.
func newSigningKey(place cloud.Place) (k signingKey, err error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return k, err
	}
	if k.PKCS8, err = x509.MarshalPKCS8PrivateKey(private); err != nil {
		return k, err
	}
	now := time.Now().UTC()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "sns." + place.Region + ".amazonaws.com", Organization: []string{"localcloud"}},
		NotBefore:    now.Add(-24 * time.Hour), // for a clock that is set back
		NotAfter:     now.AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	k.Certificate, err = x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	return k, err
}

// signedText returns what the signature of a message signs: names and values of fields, in
// the order of their names, each on a line of its own. A field whose value is "" is
// omitted.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html
func signedText(fields ...[2]string) string {
	var b strings.Builder
	for _, f := range fields {
		if f[1] != "" {
			b.WriteString(f[0] + "\n" + f[1] + "\n")
		}
	}
	return b.String()
}
