package console

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// How long a code can be used, and how long a session lasts.
const (
	codeLife    = 15 * time.Minute
	sessionLife = 12 * time.Hour
	maxSessions = 100 // and codes
)

// sessions holds the codes that have not been used, and the tokens of sessions, with the
// times at which they end.
type sessions struct {
	mu            sync.Mutex
	codes, tokens map[string]time.Time
}

// Code returns a code that begins one session. The caller must have proved to be the
// developer.
func (c *Console) Code() string {
	c.sessions.mu.Lock()
	defer c.sessions.mu.Unlock()
	code := rand.Text()
	c.sessions.codes = keep(c.sessions.codes, code, codeLife)
	return code
}

// begin exchanges a code for the token of a session.
func (s *sessions) begin(code string) (token string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !time.Now().Before(s.codes[code]) {
		return "", false
	}
	delete(s.codes, code)
	token = rand.Text()
	s.tokens = keep(s.tokens, token, sessionLife)
	return token, true
}

func (s *sessions) has(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.tokens[token])
}

// keep adds a key to a map, from which it removes what has ended and, if there is too much,
// others.
func keep(m map[string]time.Time, key string, life time.Duration) map[string]time.Time {
	for k, end := range m {
		if !time.Now().Before(end) || len(m) >= maxSessions {
			delete(m, k)
		}
	}
	if m == nil {
		m = map[string]time.Time{}
	}
	m[key] = time.Now().Add(life)
	return m
}

// serveSession begins a session.
func (c *Console) serveSession(w http.ResponseWriter, r *http.Request) {
	var in struct{ Code string }
	_ = json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&in) // no code is valid otherwise
	token, ok := c.sessions.begin(in.Code)
	if !ok {
		http.Error(w, "the link has been used, or is too old: run `localcloud console`", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"token": token})
}
