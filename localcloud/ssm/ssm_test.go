package ssm_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/atrest"
	"tally/localcloud/internal/seal"
	"tally/localcloud/ssm"
	"tally/localcloud/store"
)

// anyKey is a cloud.Keys that permits everything.
type anyKey struct{ cloud.Keys }

func (anyKey) EncryptValueWith(context.Context, string, cloud.Caller, cloud.ARN) error { return nil }
func (anyKey) EncryptWith(context.Context, string, cloud.Caller, cloud.ARN) error      { return nil }
func (anyKey) GrantWith(context.Context, string, cloud.Caller, cloud.ARN) error        { return nil }
func (anyKey) DecryptWith(context.Context, string, cloud.Caller, cloud.ARN) error      { return nil }

// open opens the service on a state folder, with the key beside it.
func open(t *testing.T, dir string) (*ssm.Service, *store.Store, error) {
	t.Helper()
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	box, err := seal.New(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssm.New(cloud.Place{Region: "us-east-1", Account: "000000000000"}, st, anyKey{}, box)
	return s, st, err
}

// A SecureString is in no file of the state, neither while it exists nor afterwards, and
// survives a restart with the key, but not without.
func TestSecureStringAtRest(t *testing.T) {
	secret, clear, replaced, deleted := rand.Text(), rand.Text(), rand.Text(), rand.Text()
	dir := t.TempDir()
	s, st, err := open(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	put := func(name, typ, value string) {
		t.Helper()
		if _, err := s.Put(t.Context(), cloud.Caller{}, ssm.Input{Name: name, Type: typ, Value: value, Overwrite: true}); err != nil {
			t.Fatal(err)
		}
	}
	put("/secret", ssm.SecureString, replaced)
	put("/secret", ssm.SecureString, secret)
	put("/deleted", ssm.SecureString, deleted)
	put("/clear", ssm.String, clear)
	if err := s.Delete("/deleted"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // before and after the log of changes is replayed
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{secret, replaced, deleted} {
			if files := atrest.FilesWith(t, dir, text); files != nil {
				t.Errorf("%q is in %v", text, files)
			}
		}
		if atrest.FilesWith(t, dir, clear) == nil {
			t.Error("no file contains the String, so this test would not find a SecureString")
		}
		if s, st, err = open(t, dir); err != nil {
			t.Fatal(err)
		}
		if p, err := s.Get(t.Context(), cloud.Caller{}, "/secret", true); err != nil || p.Value != secret || p.Version != 2 {
			t.Errorf("after a restart: %+v, %v", p, err)
		}
	}
	if err := errors.Join(st.Close(), os.Remove(filepath.Join(dir, "key"))); err != nil {
		t.Fatal(err)
	}
	_, st, err = open(t, dir)
	if !errors.Is(err, store.ErrUnusable) || !errors.Is(err, seal.ErrSealed) {
		t.Errorf("with another key: %v", err)
	}
	_ = st.Close()
}
