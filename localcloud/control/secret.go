package control

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"tally/localcloud/store"
)

// secretFileName is the file in a state folder with the developer's secret access
// key. Whoever can read it is the administrator of the local cloud.
const secretFileName = "secret"

// minSecret is the minimum length of a secret. That of [rand.Text] is 26.
const minSecret = 20

// Secret returns the secret in the state folder dir. It fails if other users can read
// or replace the file, and with fs.ErrNotExist if there is none.
func Secret(dir string) (string, error) {
	path := filepath.Join(dir, secretFileName)
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; int(owner) != os.Geteuid() {
		return "", fmt.Errorf("%s belongs to user %d, and this command runs as user %d", path, owner, os.Geteuid())
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("other users can read or change %s: run `localcloud stop`, delete the file, and start the local cloud again", path)
	}
	raw := make([]byte, 256)
	n, _ := f.Read(raw) // an error leaves it too short
	secret := strings.TrimSpace(string(raw[:n]))
	if len(secret) < minSecret {
		return "", fmt.Errorf("%s contains no secret: delete the file, and start the local cloud again", path)
	}
	return secret, nil
}

// EnsureSecret returns the secret in the state folder dir, and creates one if there is
// none. Only the local cloud that uses the folder may call it.
func EnsureSecret(dir string) (string, error) {
	secret, err := Secret(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	secret = rand.Text()
	return secret, store.WriteFile(filepath.Join(dir, secretFileName), []byte(secret+"\n"))
}

// ProofHeader has the proof that a response is from a process that knows the secret.
// Another program that listens on the port cannot claim to be the local cloud.
const ProofHeader = "X-Localcloud-Proof"

// Proof returns the value of ProofHeader for a request with that Authorization header.
func Proof(secret, authorization string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("proof\n" + authorization))
	return hex.EncodeToString(mac.Sum(nil))
}
