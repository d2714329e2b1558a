package provider

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// bundle is the zip of a function's code: a .zip file as it is, a folder or
// assets packed as Pulumi packs them.
func bundle(dir string, code *archive.Archive) ([]byte, error) {
	folder, err := locate(dir, code)
	if err != nil {
		return nil, err
	}
	var zip bytes.Buffer
	if err := code.ArchiveWithWD(archive.ZIPArchive, &zip, folder); err != nil {
		return nil, fmt.Errorf("read the code of the function: %w", err)
	}
	return zip.Bytes(), nil
}

// findable admits archives whose files are here.
func findable(dir string) func(any) error {
	return func(v any) error {
		_, err := locate(dir, v.(*archive.Archive))
		return err
	}
}

// locate finds the folder in which the archive's paths start. The engine does
// not tell a provider it did not start where the program runs, so the folders
// it may be are tried, and the engine's hash of the archive says which it is.
func locate(dir string, code *archive.Archive) (string, error) {
	if uri := remote(code); uri != "" {
		return "", fmt.Errorf("the local cloud takes code from this machine alone, not from %s: use files", uri)
	}
	if !code.IsPath() && len(code.Assets) == 0 {
		return "", errors.New("the archive is empty")
	}
	var tried []string
	for _, folder := range folders(dir) {
		found, err := hashIn(code, folder)
		if err == nil && (code.Hash == "" || found == code.Hash) {
			return folder, nil
		}
		why := "holds something else now: its hash is not the one the engine sent"
		if err != nil {
			why = err.Error()
		}
		tried = append(tried, fmt.Sprintf("in %s: %s", folder, why))
	}
	return "", fmt.Errorf("the local cloud did not find the archive %s (%s): run `localcloud start` in the folder of the program, or use an absolute path",
		cmp.Or(code.Path, "of assets"), strings.Join(tried, "; "))
}

// folders are where a program of the project in dir may run: there, or in the
// folder that its Pulumi.yaml calls main.
func folders(dir string) []string {
	list := []string{dir}
	for _, name := range []string{"Pulumi.yaml", "Pulumi.yml", "Pulumi.json"} {
		project, err := workspace.LoadProject(filepath.Join(dir, name))
		if err == nil && project.Main != "" {
			list = append(list, filepath.Join(dir, project.Main))
		}
	}
	return list
}

// remote is a URI in the archive, or "".
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

// hashIn is the archive's hash with its paths starting in folder.
func hashIn(code *archive.Archive, folder string) (string, error) {
	fresh := withoutHash(code)
	if err := fresh.EnsureHashWithWD(folder); err != nil {
		return "", err
	}
	return fresh.Hash, nil
}

// withoutHash copies the archive, as hashes that are there are believed.
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
