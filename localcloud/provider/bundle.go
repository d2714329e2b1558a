package provider

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"

	"tally/localcloud/lambda"
)

// folders returns the folders in which the relative paths of a program's archives
// may start, the most likely one first.
type folders func() []string

// bundle returns the zip of a function's code: a .zip file as it is, a folder
// or assets packed as Pulumi packs them.
func bundle(in folders, code *archive.Archive) ([]byte, error) {
	folder, err := locate(in, code)
	if err != nil {
		return nil, err
	}
	var zip bytes.Buffer
	if err := code.ArchiveWithWD(archive.ZIPArchive, &zip, folder); err != nil {
		return nil, fmt.Errorf("read the code of the function: %w", err)
	}
	return zip.Bytes(), nil
}

// bootstrapHeader returns the beginning of the bootstrap in a function's code, or
// nothing if there is none. An archive that does not exist, or that is broken, has none:
// whether that is allowed is decided elsewhere.
func bootstrapHeader(in folders, code *archive.Archive) ([]byte, error) {
	folder, err := locate(in, code)
	if err != nil {
		return nil, nil
	}
	reader, err := code.OpenWithWD(folder)
	if err != nil {
		return nil, nil
	}
	defer reader.Close()
	for {
		name, blob, err := reader.Next()
		if err != nil {
			return nil, nil // the end, or broken
		}
		if path.Clean(name) != "bootstrap" {
			blob.Close()
			continue
		}
		defer blob.Close()
		return lambda.ReadHeader(blob)
	}
}

// findable accepts archives whose files exist.
func findable(in folders) func(any) error {
	return func(v any) error {
		_, err := locate(in, v.(*archive.Archive))
		return err
	}
}

// locate returns the folder in which the archive's relative paths start. The
// engine does not pass the program's folder to a provider that it did not start,
// so locate tries the folders of the project's programs. The right one is that
// in which the archive has the hash that the engine sent.
func locate(in folders, code *archive.Archive) (string, error) {
	if uri := remote(code); uri != "" {
		return "", fmt.Errorf("the local cloud accepts code only from this machine, not from %s: use local files", uri)
	}
	if !code.IsPath() && len(code.Assets) == 0 {
		return "", errors.New("the archive is empty")
	}
	list := in()
	if len(list) == 0 {
		list = []string{"/"} // absolute paths need no folder
	}
	var tried []string
	for _, folder := range list {
		found, err := hashIn(code, folder)
		if err == nil && (code.Hash == "" || found == code.Hash) {
			return folder, nil
		}
		why := "the files there do not have the hash that the engine sent"
		if err != nil {
			why = err.Error()
		}
		tried = append(tried, fmt.Sprintf("%s: %s", folder, why))
	}
	return "", fmt.Errorf("the local cloud did not find the archive %s (tried %s): run `eval \"$(localcloud env)\"` in the folder of the program, or use an absolute path",
		cmp.Or(code.Path, "of assets"), strings.Join(tried, "; "))
}

// remote returns a URI in the archive, or "" if there is none.
func remote(code *archive.Archive) string {
	if code.URI != "" {
		return code.URI
	}
	for _, member := range code.Assets {
		switch m := member.(type) {
		case *archive.Archive:
			if uri := remote(m); uri != "" {
				return uri
			}
		case *asset.Asset:
			if m.URI != "" {
				return m.URI
			}
		}
	}
	return ""
}

// hashIn returns the hash of the archive with its relative paths in folder.
func hashIn(code *archive.Archive, folder string) (string, error) {
	fresh := withoutHash(code)
	if err := fresh.EnsureHashWithWD(folder); err != nil {
		return "", err
	}
	return fresh.Hash, nil
}

// withoutHash returns a copy of the archive without hashes: Pulumi does not
// compute one that is present.
func withoutHash(a *archive.Archive) *archive.Archive {
	fresh := *a
	fresh.Hash = ""
	if a.Assets != nil {
		fresh.Assets = map[string]any{}
	}
	for name, member := range a.Assets {
		switch m := member.(type) {
		case *archive.Archive:
			fresh.Assets[name] = withoutHash(m)
		case *asset.Asset:
			copied := *m
			copied.Hash = ""
			fresh.Assets[name] = &copied
		}
	}
	return &fresh
}
