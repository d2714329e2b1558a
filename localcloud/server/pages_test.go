package server

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tally/localcloud/control"
)

// Only those who can read the secret in the state folder can use the pages.
func TestPagesNeedTheSecret(t *testing.T) {
	s := serve(t, t.TempDir())
	for path, method := range map[string]string{
		control.StatusPath: http.MethodGet, control.LogsPath: http.MethodGet, control.EventsPath: http.MethodGet, control.DebugPath: http.MethodPost, control.ProgramsPath: http.MethodPut, control.FaultsPath: http.MethodPut,
		control.RepairPath: http.MethodPost, control.EmailsPath: http.MethodGet, control.ConsolePath: http.MethodPost, control.APIPath + "access": http.MethodGet,
	} {
		r, err := http.NewRequestWithContext(t.Context(), method, s.config.Endpoint()+path, nil)
		check(t, err)
		resp, err := http.DefaultClient.Do(r)
		check(t, err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s, unsigned: %s, want 403", path, resp.Status)
		}
	}
	guessed := s.Config()
	guessed.Secret = "test"
	if err := control.Register(t.Context(), guessed, t.TempDir()); err == nil || !strings.Contains(err.Error(), "SignatureDoesNotMatch") {
		t.Errorf("with another secret: %v", err)
	}
	if err := control.Register(t.Context(), s.Config(), t.TempDir()); err != nil {
		t.Errorf("with the secret: %v", err)
	}
}

func TestSecret(t *testing.T) {
	dir := t.TempDir()
	if _, err := control.Secret(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before the start: %v", err)
	}
	first := serve(t, dir).Config()
	read, err := control.Secret(dir)
	if err != nil || read != first.Secret || read == "test" {
		t.Errorf("the file has %q, %v", read, err)
	}
	file := filepath.Join(dir, "secret")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v, %v", info.Mode(), err)
	}
	if again, err := control.EnsureSecret(dir); err != nil || again != first.Secret {
		t.Errorf("the next start has the secret %q, %v", again, err)
	}
	if other := serve(t, t.TempDir()).Config(); other.Secret == first.Secret {
		t.Error("two local clouds have the same secret")
	}
	for _, v := range first.Environment() {
		if v.Name == "AWS_SECRET_ACCESS_KEY" && v.Value != first.Secret {
			t.Errorf("the environment has the secret %q", v.Value)
		}
	}

	check(t, os.Chmod(file, 0o640))
	if _, err := control.At(t.Context(), first.Port); err == nil || !strings.Contains(err.Error(), "other users can read") {
		t.Errorf("a file that a group can read: %v", err)
	}
	check(t, os.Remove(file))
	if _, err := control.At(t.Context(), first.Port); err == nil || !strings.Contains(err.Error(), "`kill ") {
		t.Errorf("without the file: %v", err)
	}
	if _, err := control.Find(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "`kill ") {
		t.Errorf("without the file: %v", err)
	}
}

// A secret that another user owns proves nothing: that user may have chosen it.
func TestSecretOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	dir := t.TempDir()
	_, err := control.EnsureSecret(dir)
	check(t, err)
	check(t, os.Chown(filepath.Join(dir, "secret"), 59993, 59993))
	if _, err := control.Secret(dir); err == nil || !strings.Contains(err.Error(), "belongs to user 59993") {
		t.Errorf("%v", err)
	}
}

// Another program that listens on the port in the run file of a local cloud that has
// died is not taken for it, although it returns what that would.
func TestImpostor(t *testing.T) {
	dir := t.TempDir()
	_, err := control.EnsureSecret(dir)
	check(t, err)
	var impostor *httptest.Server
	impostor = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := control.Status{PID: os.Getpid(), Config: control.Config{Dir: dir, Port: impostor.Listener.Addr().(*net.TCPAddr).Port}}
		_ = json.NewEncoder(w).Encode(status)
	}))
	defer impostor.Close()
	check(t, control.WriteRunFile(control.Config{Dir: dir, Port: impostor.Listener.Addr().(*net.TCPAddr).Port}))
	if status, err := control.Find(t.Context(), dir); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("%+v, %v", status, err)
	}
}
