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
	// keysLast is the time for which AWS caches an issuer's keys.
	keysLast = 2 * time.Hour
	// keysRest is the minimum time between two fetches, so that tokens with
	// invented key IDs do not cause requests to the issuer.
	keysRest = 10 * time.Second
	// issuerTimeout is AWS's timeout for each of the two requests.
	issuerTimeout = 1500 * time.Millisecond
	maxDocument   = 1 << 20
)

// issuers fetches and caches the public keys of the issuers of tokens.
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
	tried time.Time // of the last fetch
	err   error     // of the last fetch
}

func newIssuers(journal cloud.Journal) *issuers {
	return &issuers{journal: journal, keys: map[string]issuerKeys{}, client: &http.Client{
		Timeout: issuerTimeout,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > 3 {
				return errors.New("too many redirects")
			}
			return checkPrivate(r.URL)
		},
	}}
}

// key returns the key with that ID, and fetches the issuer's keys if it is
// unknown or too old. Clients may see the error.
func (i *issuers) key(ctx context.Context, issuer, id string) (*rsa.PublicKey, error) {
	have := i.have(issuer)
	if have.key(id) == nil && time.Since(have.tried) >= keysRest {
		// Other requests wait for this fetch, so it does not end with this one.
		_, _, _ = i.fetches.Do(issuer, func() (any, error) {
			i.fetch(context.WithoutCancel(ctx), issuer)
			return nil, nil
		})
		have = i.have(issuer)
	}
	switch key := have.key(id); {
	case key != nil:
		return key, nil
	case have.err != nil:
		return nil, errors.New("OIDC discovery endpoint communication error")
	}
	return nil, errors.New("the token's key is none of the issuer's")
}

func (i *issuers) have(issuer string) issuerKeys {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[issuer]
}

// key returns the RSA key with that ID, or nil if it does not exist or is too
// old.
func (k issuerKeys) key(id string) *rsa.PublicKey {
	if time.Since(k.at) >= keysLast {
		return nil
	}
	for _, found := range k.set.Key(id) {
		if key, ok := found.Key.(*rsa.PublicKey); ok && found.Use != "enc" {
			return key
		}
	}
	return nil
}

// fetch fetches the issuer's keys. It leaves the cached ones if that fails.
func (i *issuers) fetch(ctx context.Context, issuer string) {
	var configuration struct {
		KeysURI string `json:"jwks_uri"`
	}
	var set jose.JSONWebKeySet
	err := i.get(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", &configuration)
	if err == nil {
		err = i.get(ctx, configuration.KeysURI, &set)
	}
	if err != nil {
		i.journal.Append(cloud.Entry{Level: cloud.Warning, Service: "apigateway", Resource: issuer,
			Message: "the public keys of the tokens' issuer cannot be fetched: " + err.Error()})
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	k := i.keys[issuer]
	k.tried, k.err = time.Now(), err
	if err == nil {
		k.set, k.at = set, k.tried
	}
	i.keys[issuer] = k
}

// get decodes the JSON document at an address.
func (i *issuers) get(ctx context.Context, address string, into any) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	if err := checkPrivate(u); err != nil {
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
	defer func() { _ = res.Body.Close() }() // it was only read
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s returned %s", address, res.Status)
	}
	return json.NewDecoder(io.LimitReader(res.Body, maxDocument)).Decode(into)
}

// checkPrivate refuses URLs whose responses others on the network could forge:
// an issuer's keys determine whose tokens are valid.
func checkPrivate(u *url.URL) error {
	if u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !cloud.IsLoopback(u.Host)) {
		return fmt.Errorf("%q is neither an https URL nor one of this machine", u)
	}
	return nil
}
