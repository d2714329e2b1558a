package secretsmanager_test

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/atrest"
	"tally/localcloud/internal/seal"
	"tally/localcloud/secretsmanager"
	"tally/localcloud/store"
)

var here = cloud.Place{Region: "us-east-1", Account: "000000000000"}

// anyKey is a cloud.Keys that permits everything.
type anyKey struct{ cloud.Keys }

func (anyKey) EncryptWith(context.Context, string, cloud.Caller, cloud.ARN) error { return nil }
func (anyKey) GrantWith(context.Context, string, cloud.Caller, cloud.ARN) error   { return nil }
func (anyKey) DecryptWith(context.Context, string, cloud.Caller, cloud.ARN) error { return nil }

func open(t *testing.T, st *store.Store, keyFile string, pace cloud.Pace, k *rotationKit) (*secretsmanager.Service, error) {
	t.Helper()
	box, err := seal.New(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return secretsmanager.New(secretsmanager.Options{Place: here, Store: st, Keys: anyKey{}, Functions: k, Journal: k, Box: box, Pace: pace})
}

func text(s string) secretsmanager.Value { return secretsmanager.Value{String: &s} }

// The value of a secret is in no file of the state, neither while it exists nor afterwards,
// and survives a restart with the key, but not without.
func TestValuesAtRest(t *testing.T) {
	dir := t.TempDir()
	keyFile := filepath.Join(dir, "key")
	secret, replaced, deleted, name := rand.Text(), rand.Text(), rand.Text(), rand.Text()
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := open(t, st, keyFile, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{name, replaced}, {"gone", deleted}} {
		if _, _, err := s.Create(t.Context(), cloud.Caller{}, secretsmanager.Secret{Name: c[0]}, text(c[1]), ""); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err = s.Put(t.Context(), cloud.Caller{}, name, text(secret), "", nil)
	_, err2 := s.Delete("gone", nil, true)
	if err := errors.Join(err, err2); err != nil {
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
		if atrest.FilesWith(t, dir, name) == nil {
			t.Error("no file contains the name, so this test would not find a value")
		}
		if st, err = store.Open(dir); err != nil {
			t.Fatal(err)
		}
		if s, err = open(t, st, keyFile, 1, nil); err != nil {
			t.Fatal(err)
		}
		if _, _, v, err := s.Get(t.Context(), cloud.Caller{}, name, "", ""); err != nil || *v.String != secret {
			t.Errorf("after a restart: %v", err)
		}
	}
	if _, err := open(t, st, "", 1, nil); !errors.Is(err, store.ErrUnusable) {
		t.Errorf("with another key: %v", err)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
}

// A secret is gone after its recovery window, which the time scale shortens, also if the
// local cloud was not running meanwhile.
func TestRecoveryWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.InMemory()
		keyFile := filepath.Join(t.TempDir(), "key")
		s, err := open(t, st, keyFile, 60, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "b"} {
			if _, _, err := s.Create(t.Context(), cloud.Caller{}, secretsmanager.Secret{Name: name}, text("v"), ""); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Delete(name, new(7), false); err != nil {
				t.Fatal(err)
			}
		}
		window := 7 * 24 * time.Hour / 60
		time.Sleep(window - time.Second)
		if _, err := s.Find("a"); err != nil {
			t.Errorf("before the end of the window: %v", err)
		}
		time.Sleep(2 * time.Second)
		if _, err := s.Restore("a"); cloud.ErrorCode(err) != "ResourceNotFoundException" {
			t.Errorf("after the window: %v", err)
		}
		if list := s.List(true); len(list) != 0 {
			t.Errorf("after the window: %v", list)
		}
		if _, _, err := s.Create(t.Context(), cloud.Caller{}, secretsmanager.Secret{Name: "a"}, text("new"), ""); err != nil {
			t.Errorf("the name is still taken: %v", err)
		}
		if s, err = open(t, st, keyFile, 60, nil); err != nil {
			t.Fatal(err)
		}
		if _, _, v, err := s.Get(t.Context(), cloud.Caller{}, "a", "", ""); err != nil || *v.String != "new" {
			t.Errorf("after a restart: %v", err)
		}
	})
}

// FuzzFind looks a secret up by any reference. Only its name, its ARN and the ARN without
// the random characters find it.
func FuzzFind(f *testing.F) {
	const prefix = "arn:aws:secretsmanager:us-east-1:000000000000:secret:"
	for _, reference := range []string{"tally/db", "tally/db-abcdef", prefix + "tally/db", prefix + "tally/db-", prefix + "tally/db-aaaaaa", prefix, "arn:", ""} {
		f.Add(reference)
	}
	s, err := secretsmanager.New(secretsmanager.Options{Place: here, Keys: anyKey{}, Box: must(seal.New(""))})
	if err != nil {
		f.Fatal(err)
	}
	secret, _, err := s.Create(f.Context(), cloud.Caller{}, secretsmanager.Secret{Name: "tally/db"}, text("v"), "")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(secret.ARN)
	f.Fuzz(func(t *testing.T, reference string) {
		want := reference == "tally/db" || reference == prefix+"tally/db" || reference == secret.ARN
		if _, err := s.Find(reference); (err == nil) != want {
			t.Errorf("%q: %v", reference, err)
		}
		if arn := s.ARN(reference); want != (arn == secret.ARN) && reference != secret.ARN || !strings.HasPrefix(arn, "arn:") {
			t.Errorf("%q has the ARN %q", reference, arn)
		}
		if err := secretsmanager.CheckName(reference); (err == nil) != (reference != "" && len(reference) <= 512 && strings.Trim(reference, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-/_+=.@!") == "" && !strings.ContainsFunc(reference, func(r rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-/_+=.@!", r)
		})) {
			t.Errorf("the name %q: %v", reference, err)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
