package control

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
)

// ProgramDigest returns a digest of this process's executable, with which a newer
// build recognizes that an older one is still running.
func ProgramDigest() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}
