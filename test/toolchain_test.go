package test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"tally/internal/project"
)

// TestToolchain installs Pulumi from a server of the test, with a go command that
// builds nothing but records that it was asked to.
func TestToolchain(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("needs curl")
	}
	version := strings.TrimPrefix(required(t, "../tools/pulumi")["github.com/pulumi/pulumi/pkg/v3"], "v")
	platform := map[string]string{"amd64": "x64"}[runtime.GOARCH]
	if platform == "" {
		platform = runtime.GOARCH
	}
	archive := fmt.Sprintf("/pulumi-v%s-%s-%s.tar.gz", version, runtime.GOOS, platform)
	sums := fmt.Sprintf("/pulumi-%s-checksums.txt", version)
	release := releaseArchive(t)
	right := fmt.Sprintf("%x  %s\n", sha256.Sum256(release), archive[1:])
	wrong := fmt.Sprintf("%064d  %s\n", 0, archive[1:])

	for _, test := range []struct {
		name       string
		served     map[string]string // by path; nil is a server that refuses connections
		pinned     string            // a committed file of checksums
		downloaded bool
		says       string
	}{
		{"a release", map[string]string{sums: right, archive: string(release)}, "", true, "installed Pulumi " + version},
		{"a wrong checksum", map[string]string{sums: wrong, archive: string(release)}, "", false, "has the SHA-256 checksum"},
		{"a pinned checksum", map[string]string{sums: wrong, archive: string(release)}, right, true, "installed Pulumi"},
		{"a release that differs from the pin", map[string]string{sums: right, archive: string(release)}, wrong, false, "has the SHA-256 checksum"},
		{"no checksum of this platform", map[string]string{sums: "0  other.tar.gz\n", archive: string(release)}, "", false, "step 1 of 3"},
		{"no checksums", map[string]string{archive: string(release)}, "", false, "step 1 of 3"},
		{"no archive", map[string]string{sums: right}, "", false, "step 1 of 3"},
		{"no network", nil, "", false, "step 1 of 3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				content, ok := test.served[r.URL.Path]
				if !ok {
					http.NotFound(w, r)
					return
				}
				fmt.Fprint(w, content)
			}))
			defer server.Close()
			if test.served == nil {
				server.Close()
			}
			dir := toolchainCopy(t)
			if test.pinned != "" {
				writeFile(t, filepath.Join(dir, "tools/pulumi", sums[1:]), test.pinned, 0o644)
			}
			out := runToolchain(t, dir, server.URL)
			if !strings.Contains(out, test.says) {
				t.Errorf("it printed %s\nwant %q", out, test.says)
			}
			built, _ := os.ReadFile(filepath.Join(dir, "built"))
			if got := len(built) == 0; got != test.downloaded {
				t.Errorf("used the release: %t, want %t; it built %s", got, test.downloaded, built)
			}
			want := "from source"
			if test.downloaded {
				want = "from the release"
			}
			for _, name := range []string{"pulumi", "pulumi-language-go"} {
				if got, err := exec.Command(filepath.Join(dir, "bin/pulumi", name)).Output(); err != nil || strings.TrimSpace(string(got)) != want {
					t.Errorf("%s is %q, %v, want %q", name, got, err, want)
				}
			}
			if again := runToolchain(t, dir, server.URL); again != "" {
				t.Errorf("the second run printed %s", again)
			}
		})
	}
}

// toolchainCopy copies what the script reads to a temporary folder.
func toolchainCopy(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "localcloud/go.mod", "tools/toolchain.sh", "tools/pulumi/go.mod", "tools/pulumi/go.sum",
		"tools/pulumi-language-go/go.mod", "tools/pulumi-language-go/go.sum"} {
		if err := project.CopyFile(filepath.Join("..", name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// runToolchain runs the script without any Pulumi on PATH, and with a go command
// that writes a stand-in for each program it builds.
func runToolchain(t *testing.T, dir, releases string) string {
	t.Helper()
	bin := t.TempDir()
	writeFile(t, filepath.Join(bin, "go"), `#!/bin/sh
[ "$1" = build ] || exit 0
while [ $# -gt 0 ]; do
  if [ "$1" = -o ]; then
    echo "$2" >>"`+dir+`/built"
    mkdir -p "$(dirname "$2")"
    printf '#!/bin/sh\necho from source\n' >"$2"
    chmod +x "$2"
  fi
  shift
done
`, 0o755)
	cmd := exec.Command("sh", "tools/toolchain.sh")
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "TALLY_PULUMI_RELEASES=" + releases}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// releaseArchive returns a stand-in for Pulumi's release.
func releaseArchive(t *testing.T) []byte {
	t.Helper()
	var archive bytes.Buffer
	compressed := gzip.NewWriter(&archive)
	files := tar.NewWriter(compressed)
	const script = "#!/bin/sh\necho from the release\n"
	for _, name := range []string{"pulumi/pulumi", "pulumi/pulumi-language-go", "pulumi/pulumi-language-nodejs"} {
		if err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(script))}); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write([]byte(script)); err != nil {
			t.Fatal(err)
		}
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

func writeFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}
