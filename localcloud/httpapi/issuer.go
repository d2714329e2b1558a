package httpapi

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"

	"tally/localcloud/cloud"
)

const (
	// keysTTL is the time for which AWS caches an issuer's keys.
	keysTTL = 2 * time.Hour
	// fetchInterval is the minimum time between two fetches from an issuer. It
	// limits the requests that tokens with unknown key IDs can cause.
	fetchInterval = 10 * time.Second
	// issuerTimeout is AWS's timeout for each of the two requests of a fetch.
	issuerTimeout = 1500 * time.Millisecond
	maxDocument   = 1 << 20 // bytes of a response
)

// issuers fetches and caches the public keys of token issuers.
type issuers struct {
	client  *http.Client
	journal cloud.Journal // receives failures to fetch keys
	fetches singleflight.Group

	mu   sync.Mutex
	keys map[string]issuerKeys // by issuer
}

type issuerKeys struct {
	set   jose.JSONWebKeySet
	at    time.Time // of the last successful fetch
	tried time.Time // of the last fetch, successful or not
	err   error     // of the last fetch
}

func newIssuers(journal cloud.Journal) *issuers {
	return &issuers{journal: journal, keys: map[string]issuerKeys{}, client: &http.Client{
		Timeout: issuerTimeout,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > 3 {
				return errors.New("too many redirects")
			}
			return checkSecure(r.URL)
		},
	}}
}

// key returns the key with that ID. It fetches the issuer's keys if the key is not
// cached or too old. Its error is sent to the client.
func (i *issuers) key(ctx context.Context, issuer, id string) (*rsa.PublicKey, error) {
	cached := i.cached(issuer)
	if cached.key(id) == nil && time.Since(cached.tried) >= fetchInterval {
		// Other requests wait for this fetch, so the end of this one must not
		// cancel it.
		_, _, _ = i.fetches.Do(issuer, func() (any, error) {
			i.fetch(context.WithoutCancel(ctx), issuer)
			return nil, nil
		})
		cached = i.cached(issuer)
	}
	switch key := cached.key(id); {
	case key != nil:
		return key, nil
	case cached.err != nil:
		return nil, errors.New("OIDC discovery endpoint communication error")
	}
	return nil, errors.New("the issuer has no key with the token's key ID")
}

func (i *issuers) cached(issuer string) issuerKeys {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[issuer]
}

// key returns the RSA key with that ID, or nil if there is none or the keys are too
// old.
func (k issuerKeys) key(id string) *rsa.PublicKey {
	if time.Since(k.at) >= keysTTL {
		return nil
	}
	for _, found := range k.set.Key(id) {
		if key, ok := found.Key.(*rsa.PublicKey); ok && found.Use != "enc" {
			return key
		}
	}
	return nil
}

// fetch fetches the issuer's keys. If that fails, the cached keys remain.
func (i *issuers) fetch(ctx context.Context, issuer string) {
	var configuration struct {
		KeysURI string `json:"jwks_uri"`
	}
	var set keySet
	err := i.get(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", &configuration)
	if err == nil {
		err = i.get(ctx, configuration.KeysURI, &set)
	}
	if err != nil {
		i.journal.Append(cloud.Entry{Level: cloud.Warning, Service: "apigateway", Resource: issuer,
			Message: "cannot fetch the issuer's public keys: " + err.Error()})
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	k := i.keys[issuer]
	k.tried, k.err = time.Now(), err
	if err == nil {
		k.set, k.at = set.rsa(), k.tried
	}
	i.keys[issuer] = k
}

// keySet is a set of keys as an issuer publishes it. It may contain keys for other
// purposes, of types that the library does not know.
//
// https://www.rfc-editor.org/rfc/rfc7517#section-5
type keySet struct {
	Keys []json.RawMessage `json:"keys"`
}

// rsa returns the RSA keys of the set.
func (s keySet) rsa() (set jose.JSONWebKeySet) {
	for _, raw := range s.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) != nil {
			continue
		}
		if _, ok := key.Key.(*rsa.PublicKey); ok {
			set.Keys = append(set.Keys, key)
		}
	}
	return set
}

// get fetches the JSON document at an address and decodes it.
func (i *issuers) get(ctx context.Context, address string, into any) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	if err := checkSecure(u); err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	res, err := i.client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s returned %s", address, res.Status)
	}
	return json.NewDecoder(io.LimitReader(res.Body, maxDocument)).Decode(into)
}

// checkSecure refuses URLs whose responses others on the network could forge, because
// an issuer's keys determine which tokens are valid.
func checkSecure(u *url.URL) error {
	if u.Hostname() == "" || u.Scheme != "https" && (u.Scheme != "http" || !cloud.IsLoopback(u.Host)) {
		return fmt.Errorf("%q is neither an HTTPS URL nor a loopback URL", u)
	}
	return nil
}
