package provider

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"tally/localcloud/deployments"
)

func TestBundle(t *testing.T) {
	dir := t.TempDir()
	infra := filepath.Join(dir, "infra")
	one, two := zipped(t, "one"), zipped(t, "two")
	write(t, filepath.Join(dir, "Pulumi.yaml"), []byte("name: p\nruntime: go\nmain: infra\n"))
	write(t, filepath.Join(dir, "bin", "f.zip"), one)
	write(t, filepath.Join(infra, "bin", "f.zip"), two)
	write(t, filepath.Join(infra, "code", "bootstrap"), []byte("three"))

	in := registered(t, dir)

	text, err := asset.FromText("four")
	if err != nil {
		t.Fatal(err)
	}
	assets := &archive.Archive{Sig: archive.ArchiveSig, Assets: map[string]any{
		"bootstrap": text,
		"more":      &archive.Archive{Sig: archive.ArchiveSig, Path: "code"},
	}}
	for name, tc := range map[string]struct {
		from  string // where the program runs
		code  *archive.Archive
		raw   []byte
		files []string
	}{
		"a zip, beside the project":   {from: dir, code: &archive.Archive{Sig: archive.ArchiveSig, Path: "bin/f.zip"}, raw: one},
		"a zip, beside the program":   {from: infra, code: &archive.Archive{Sig: archive.ArchiveSig, Path: "bin/f.zip"}, raw: two},
		"a zip, up from the program":  {from: infra, code: &archive.Archive{Sig: archive.ArchiveSig, Path: "../bin/f.zip"}, raw: one},
		"a zip, by its absolute path": {from: infra, code: &archive.Archive{Sig: archive.ArchiveSig, Path: filepath.Join(dir, "bin", "f.zip")}, raw: one},
		"a folder":                    {from: infra, code: &archive.Archive{Sig: archive.ArchiveSig, Path: "code"}, files: []string{"bootstrap"}},
		"assets":                      {from: infra, code: assets, files: []string{"bootstrap", "more/bootstrap"}},
	} {
		t.Run(name, func(t *testing.T) {
			code := hashed(t, tc.from, tc.code)
			got, err := bundle(in, code)
			if err != nil {
				t.Fatal(err)
			}
			if tc.raw != nil && !bytes.Equal(got, tc.raw) {
				t.Error("the zip does not have the hash that the engine sent")
			}
			again, err := bundle(in, code)
			if err != nil || !bytes.Equal(got, again) {
				t.Errorf("packing it a second time gives another zip: %v", err)
			}
			r, err := zip.NewReader(bytes.NewReader(got), int64(len(got)))
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range tc.files {
				if len(r.File) != len(tc.files) || r.File[i].Name != f {
					t.Errorf("files %v, want %v", r.File, tc.files)
				}
			}
		})
	}
}

// registered returns the folders of project p after the registration of its
// programs in dirs, in this order.
func registered(t *testing.T, dirs ...string) folders {
	t.Helper()
	d, err := deployments.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		if err := d.Register(dir); err != nil {
			t.Fatal(err)
		}
	}
	return func() []string { return d.Folders("p") }
}

// The hash of the archive distinguishes two clones of a project, and the name in
// the URN distinguishes two projects.
func TestBundleOfManyPrograms(t *testing.T) {
	first, second, other, loose := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	for dir, content := range map[string]string{first: "first", second: "second", other: "other", loose: "loose"} {
		write(t, filepath.Join(dir, "f.zip"), zipped(t, content))
	}
	for dir, name := range map[string]string{first: "p", second: "p", other: "q"} {
		write(t, filepath.Join(dir, "Pulumi.yaml"), []byte("name: "+name+"\nruntime: go\n"))
	}
	in := registered(t, loose, first, second, other)
	for dir, content := range map[string]string{first: "first", second: "second", loose: "loose"} {
		got, err := bundle(in, pathArchive(t, dir, "f.zip"))
		if err != nil || !bytes.Equal(got, zipped(t, content)) {
			t.Errorf("the archive of %s: %v, or the bytes of another one", content, err)
		}
	}
	if _, err := bundle(in, pathArchive(t, other, "f.zip")); err == nil {
		t.Error("a program of project p received the code of project q")
	} else {
		holds(t, err, "tried "+second+":", first+":", loose+":")
	}
	if got, err := bundle(registered(t), pathArchive(t, first, filepath.Join(first, "f.zip"))); err != nil || !bytes.Equal(got, zipped(t, "first")) {
		t.Errorf("an absolute path without a registered program: %v", err)
	}
}

func TestBundleNotFound(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Pulumi.yaml"), []byte("name: p\nruntime: go\nmain: infra\n"))
	in := registered(t, dir)
	_, err := bundle(in, &archive.Archive{Sig: archive.ArchiveSig, Path: "f.zip", Hash: "0"})
	holds(t, err, "did not find the archive f.zip", "tried "+dir+":", filepath.Join(dir, "infra")+":", `eval "$(localcloud env)"`, "absolute path")

	write(t, filepath.Join(dir, "f.zip"), zipped(t, "one"))
	_, err = bundle(in, &archive.Archive{Sig: archive.ArchiveSig, Path: "f.zip", Hash: "0"})
	holds(t, err, dir+": the files there do not have the hash that the engine sent")

	_, err = bundle(in, &archive.Archive{Sig: archive.ArchiveSig, URI: "https://example.com/f.zip"})
	holds(t, err, "not from https://example.com/f.zip")
	_, err = bundle(in, &archive.Archive{Sig: archive.ArchiveSig, Assets: map[string]any{
		"a": &archive.Archive{Assets: map[string]any{"b": &asset.Asset{URI: "https://example.com/b"}}}}})
	holds(t, err, "not from https://example.com/b")
	_, err = bundle(in, &archive.Archive{Sig: archive.ArchiveSig})
	holds(t, err, "the archive is empty")
}

// If a program ignores changes to the code, the engine sends the archive of its
// state: a hash, whose files may have been removed or changed.
func TestIgnoredCodeIsUnchanged(t *testing.T) {
	c := start(t)
	m := c.function("f")
	write(t, filepath.Join(c.dir, "f.zip"), zipped(t, "two"))
	hash := m.inputs["code"].ArchiveValue().Hash
	for timeout, path := range map[float64]string{8: "", 9: "f.zip"} {
		want := mappable(m.inputs)
		want["code"] = &archive.Archive{Sig: archive.ArchiveSig, Path: path, Hash: hash}
		want["timeout"] = timeout
		inputs := c.check(m.token, m.name, m.inputs, resource.NewPropertyMapFromMap(want))
		state := c.update(m, inputs, false)
		if state["timeout"].NumberValue() != timeout || !state["codeSha256"].DeepEquals(m.state["codeSha256"]) {
			t.Errorf("state %v", state)
		}
	}
}

func TestNewCodeIsDeployed(t *testing.T) {
	c := start(t)
	m := c.function("f")
	write(t, filepath.Join(c.dir, "f.zip"), zipped(t, "two"))
	want := mappable(m.inputs)
	want["code"] = pathArchive(t, c.dir, "f.zip")
	inputs := c.check(m.token, m.name, m.inputs, resource.NewPropertyMapFromMap(want))
	preview, state := c.update(m, inputs, true), c.update(m, inputs, false)
	if !preview["codeSha256"].IsComputed() || state["codeSha256"].DeepEquals(m.state["codeSha256"]) {
		t.Errorf("previewed %v, then %v", preview["codeSha256"], state["codeSha256"])
	}
}

// TestOtherArchitecture checks that a preview refuses a bootstrap that is built for
// another architecture than its function's, in every form of an archive.
func TestOtherArchitecture(t *testing.T) {
	c := start(t)
	m := c.function("f")
	header := append([]byte(elf.ELFMAG), make([]byte, 60)...)
	binary.LittleEndian.PutUint16(header[18:], uint16(elf.EM_X86_64))
	write(t, filepath.Join(c.dir, "x86.zip"), zipped(t, string(header)))
	write(t, filepath.Join(c.dir, "x86", "bootstrap"), header)
	text, err := asset.FromText(string(header))
	if err != nil {
		t.Fatal(err)
	}
	const reason = "bootstrap is built for x86_64, but the function's architecture is arm64."
	for name, code := range map[string]*archive.Archive{
		"zip":    pathArchive(t, c.dir, "x86.zip"),
		"folder": pathArchive(t, c.dir, "x86"),
		"assets": hashed(t, c.dir, &archive.Archive{Sig: archive.ArchiveSig, Assets: map[string]any{"another": text, "bootstrap": text}}),
	} {
		t.Run(name, func(t *testing.T) {
			for architecture, want := range map[string]string{"": "", "x86_64": "", "arm64": reason, "unknown": ""} {
				in := mappable(m.inputs)
				in["code"] = code
				switch architecture {
				case "":
				case "unknown":
					in["architectures"] = resource.MakeComputed(resource.NewStringProperty(""))
				default:
					in["architectures"] = []any{architecture}
				}
				res, err := c.Check(t.Context(), &pulumirpc.CheckRequest{
					Urn: m.urn(), Olds: c.raw(m.inputs), News: c.raw(resource.NewPropertyMapFromMap(in)),
				})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, f := range res.Failures {
					got = append(got, f.Property+": "+f.Reason)
				}
				if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], "code: ") || !strings.Contains(got[0], want)) {
					t.Errorf("architecture %q: failures %q, want %q", architecture, got, want)
				}
			}
		})
	}
}
