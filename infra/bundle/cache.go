package bundle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// manifest records what the archives of a platform were built from. It is stored
// beside them. An archive that the current sources would reproduce is neither
// built nor written again.
type manifest struct {
	Settings string   // hash of the go command's settings and of the module
	Folders  []folder // of all packages
	Digests  []string // of the folders
	Archives map[string]archive
}

// archive is the archive of one function.
type archive struct {
	Folders []int // indexes of manifest.Folders
	Size    int64
	Time    int64 // of the last modification, in nanoseconds since 1970
}

// format changes whenever this package writes other archives for the same sources.
const format = "2"

// load reads the manifest. A missing or damaged one is the same as an empty one:
// everything is built.
func load(path string) (m manifest) {
	raw, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(raw, &m) != nil {
		return manifest{}
	}
	return m
}

// save replaces the manifest atomically.
func (m manifest) save(path string) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return replace(path, func(w io.Writer) error {
		_, err := w.Write(raw)
		return err
	})
}

// digests returns the digests of the folders as they are now, and an empty one for
// each that cannot be read.
func (m manifest) digests() []string {
	now := make([]string, len(m.Folders))
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for i, f := range m.Folders {
		group.Go(func() error {
			now[i], _ = f.digest()
			return nil
		})
	}
	group.Wait()
	return now
}

// changed returns those of the named functions that must be built: without an
// archive in dir, or with one from other sources or settings than the current ones.
// now are the digests of the manifest's folders.
func (m manifest) changed(settings string, now []string, dir string, names []string) (changed []string) {
	differs := func(i int) bool {
		return i < 0 || i >= len(now) || i >= len(m.Digests) || now[i] == "" || now[i] != m.Digests[i]
	}
	for _, name := range names {
		a, ok := m.Archives[name]
		file, err := stat(dir, name)
		if !ok || err != nil || m.Settings != settings || len(a.Folders) == 0 ||
			a.Size != file.Size || a.Time != file.Time || slices.ContainsFunc(a.Folders, differs) {
			changed = append(changed, name)
		}
	}
	return changed
}

// stat returns the size and time of a function's archive in dir.
func stat(dir, name string) (archive, error) {
	info, err := os.Stat(filepath.Join(dir, name+".zip"))
	if err != nil {
		return archive{}, err
	}
	return archive{Size: info.Size(), Time: info.ModTime().UnixNano()}, nil
}

// settings returns a hash of all that determines the bytes of a build, other than
// the files of packages, and the folders with fixed contents.
func settings(ctx context.Context, root string, platform Platform) (hash string, fixed []string, err error) {
	cmd := goCommand(ctx, root, platform, "env", "-json")
	out, err := cmd.Output()
	if err != nil {
		return "", nil, fmt.Errorf("go env: %w", err)
	}
	var env map[string]string
	if err := json.Unmarshal(out, &env); err != nil {
		return "", nil, fmt.Errorf("go env: %w", err)
	}
	delete(env, "GOGCCFLAGS") // names a new temporary folder each time
	sum := sha256.New()
	fmt.Fprintln(sum, format, buildFlags)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(sum, "%s=%q\n", name, env[name])
	}
	for _, name := range []string{"go.mod", "go.sum", "vendor/modules.txt"} {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", nil, err
		}
		fmt.Fprintf(sum, "%s %x\n", name, sha256.Sum256(content))
	}
	return hex.EncodeToString(sum.Sum(nil)), []string{env["GOROOT"], env["GOMODCACHE"]}, nil
}

// sources returns the manifest of the named functions' sources as they are now,
// without archives' sizes and times.
//
// https://pkg.go.dev/cmd/go#hdr-List_packages_or_modules
func sources(ctx context.Context, root string, platform Platform, names []string) (manifest, error) {
	hash, fixed, err := settings(ctx, root, platform)
	if err != nil {
		return manifest{}, err
	}
	args := append([]string{"list", "-deps", "-json=ImportPath,Dir,EmbedPatterns,Module,Deps", tags}, packages(names)...)
	cmd := goCommand(ctx, root, platform, args...)
	out, err := cmd.Output()
	if err != nil {
		return manifest{}, fmt.Errorf("go list: %w", err)
	}
	m := manifest{Settings: hash, Archives: map[string]archive{}}
	all, err := decode(out)
	if err != nil {
		return manifest{}, fmt.Errorf("go list: %w", err)
	}
	index := map[folder]int{} // in m.Folders
	folders := map[string][]int{}
	for _, p := range all {
		for _, f := range p.folders(fixed) {
			if _, ok := index[f]; !ok {
				index[f] = len(m.Folders)
				m.Folders = append(m.Folders, f)
				digest, err := f.digest()
				if err != nil {
					return manifest{}, err
				}
				m.Digests = append(m.Digests, digest)
			}
			folders[p.ImportPath] = append(folders[p.ImportPath], index[f])
		}
	}
	for _, p := range all {
		if filepath.Dir(p.Dir) == filepath.Join(root, "functions") && slices.Contains(names, filepath.Base(p.Dir)) {
			used := folders[p.ImportPath]
			for _, dep := range p.Deps {
				used = append(used, folders[dep]...)
			}
			slices.Sort(used)
			m.Archives[filepath.Base(p.Dir)] = archive{Folders: slices.Compact(used)}
		}
	}
	return m, nil
}

// listed is a package as go list prints it.
type listed struct {
	ImportPath, Dir string
	EmbedPatterns   []string
	Module          *struct {
		Dir  string
		Main bool
	}
	Deps []string
}

func decode(out []byte) (all []listed, err error) {
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
}

// folders returns the folders on which a package depends: its own and that of a
// module in another folder of this machine, whose go.mod sets the version of the
// language.
func (p listed) folders(fixed []string) []folder {
	for _, dir := range fixed {
		if dir != "" && strings.HasPrefix(p.Dir, dir+string(filepath.Separator)) {
			return []folder{{Path: p.Dir, Fixed: true}}
		}
	}
	own := []folder{{Path: p.Dir, Embeds: len(p.EmbedPatterns) > 0}}
	if p.Module != nil && !p.Module.Main && p.Module.Dir != "" {
		own = append(own, folder{Path: p.Module.Dir})
	}
	return own
}
