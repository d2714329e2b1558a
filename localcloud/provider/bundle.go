package provider

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
)

// folders returns where the relative paths of a program's archives may start,
// the likeliest folder first.
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

// findable returns a check that refuses archives whose files are not found.
func findable(in folders) func(any) error {
	return func(v any) error {
		_, err := locate(in, v.(*archive.Archive))
		return err
	}
}

// locate returns the folder in which the archive's paths start. A provider that
// the engine did not start does not learn where the program runs, so locate
// tries the folders of the project's programs; the engine's hash of the archive
// decides which one is right.
func locate(in folders, code *archive.Archive) (string, error) {
	if uri := remote(code); uri != "" {
		return "", fmt.Errorf("the local cloud takes code only from this machine, not from %s: use files", uri)
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
		why := "the files there have another hash than the engine sent"
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

// hashIn returns the hash of the archive if its paths start in folder.
func hashIn(code *archive.Archive, folder string) (string, error) {
	fresh := withoutHash(code)
	if err := fresh.EnsureHashWithWD(folder); err != nil {
		return "", err
	}
	return fresh.Hash, nil
}

// withoutHash copies the archive without its hashes, which Pulumi would trust.
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
