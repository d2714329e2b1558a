package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// folder is a folder whose files determine the bytes of a build.
type folder struct {
	Path string
	// Embeds reports whether patterns of go:embed select files in the folders
	// below.
	Embeds bool
	// Fixed reports whether the folder belongs to a release of a module or of
	// Go, whose files nobody edits. Sizes and times suffice for those, as for the
	// go command. Other files are compared by their contents, so that no edit is
	// missed, however quick.
	Fixed bool
}

// digest returns a hash that differs if a file that can affect a build was added,
// removed or changed. Files of tests cannot.
func (f folder) digest() (string, error) {
	hash := sha256.New()
	if err := f.add(hash, f.Path); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func (f folder) add(hash io.Writer, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		switch {
		case entry.IsDir():
			if f.Embeds && !f.Fixed {
				fmt.Fprintf(hash, "folder %q\n", path)
				err = f.add(hash, path)
			}
		case f.Embeds || !strings.HasSuffix(entry.Name(), "_test.go"):
			err = f.addFile(hash, path, entry)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f folder) addFile(hash io.Writer, path string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		info, err = os.Stat(path)
		if os.IsNotExist(err) { // such as the lock files of editors, which point nowhere
			return nil
		}
	}
	if err != nil {
		return err
	}
	if f.Fixed {
		fmt.Fprintf(hash, "file %q %d %d\n", path, info.Size(), info.ModTime().UnixNano())
		return nil
	}
	if !info.Mode().IsRegular() {
		return nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(hash, "file %q %x\n", path, sha256.Sum256(content))
	return nil
}
