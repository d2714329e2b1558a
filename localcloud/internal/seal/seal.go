// Package seal encrypts values at rest with a key in a file, so that the files of the
// state contain no secret in clear: not in the table, not in the log of changes, and not
// in a copy of the folder without the key.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"tally/localcloud/store"
)

// keySize is the size in bytes of a key for AES-256.
const keySize = 32

// Box seals and opens values with one key.
type Box struct{ aead cipher.AEAD }

// New returns a Box with the key in the file, which it creates, readable by its owner
// only, if there is none. Without a file name, the key is random, and lost with the Box.
func New(file string) (*Box, error) {
	key, err := keyIn(file)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &Box{aead}, err
}

// Seal encrypts and authenticates a value. Only Open with the same name returns it, so
// that nobody can exchange two values of the state.
func (b *Box) Seal(value, name string) []byte {
	return b.aead.Seal(nil, nil, []byte(value), []byte(name))
}

// ErrSealed means that a value was sealed with another key or under another name, or has
// been changed.
var ErrSealed = errors.New("a stored value cannot be decrypted with the key of this state folder")

// Open returns a value that Seal has encrypted. It fails with ErrSealed.
func (b *Box) Open(sealed []byte, name string) (string, error) {
	value, err := b.aead.Open(nil, nil, sealed, []byte(name))
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, ErrSealed)
	}
	return string(value), nil
}

func keyIn(file string) ([]byte, error) {
	if file == "" {
		return newKey(), nil
	}
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		key := newKey()
		return key, store.WriteFile(file, key)
	}
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("other users can read or change %s: run `chmod 600` on it", file)
	}
	key, err := os.ReadFile(file)
	if err == nil && len(key) != keySize {
		err = fmt.Errorf("%s contains no key: it must have %d bytes, not %d", file, keySize, len(key))
	}
	return key, err
}

func newKey() []byte {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	return key
}
