package bundle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Project builds the functions of a project again and again while they are edited. The
// path to each new archive is short: [Project.Rebuild] compiles and zips only what was
// edited, and [Project.Record] does the rest later. It is not safe for concurrent use.
type Project struct {
	root, dir string // folders of the project and of the archives
	platform  Platform
	current   manifest // what Rebuild compares the sources with
	// Of the last Rebuild, until Record:
	built, failed []string // functions
	before        []string // digests of current's folders before it
}

// Open returns the project in the working directory or above it. Its archives must have
// been built by [Build], or Rebuild builds them.
func Open(platform Platform) (*Project, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	root, err := findRoot(dir)
	if err != nil {
		return nil, err
	}
	p := &Project{root: root, dir: archivesIn(root, platform), platform: platform}
	p.Reload()
	return p, nil
}

// Root returns the folder of the project.
func (p *Project) Root() string { return p.root }

// Archives returns the folder of the archives, each of which is named like its function, with
// the suffix .zip.
func (p *Project) Archives() string { return p.dir }

// Reload continues with the archives that another call of [Build] has made, such as that of
// a deployment.
func (p *Project) Reload() {
	p.current, p.built, p.failed, p.before = load(p.manifest()), nil, nil, nil
}

func (p *Project) manifest() string { return filepath.Join(p.dir, "manifest.json") }

// Rebuild builds the functions whose sources have been edited since the last build, and
// returns the path of each new archive by the function's name. If some do not compile, it
// returns the archives of the others, and a *[CompileError]. It does not look at go.mod and
// at other modules, changes of which need a Build.
func (p *Project) Rebuild(ctx context.Context) (map[string]string, error) {
	names, err := functionNames(p.root)
	if err != nil {
		return nil, err
	}
	p.before = p.current.own()
	p.built, p.failed = p.current.changed(p.current.Settings, p.before, p.dir, names), nil
	if len(p.built) == 0 {
		return nil, nil
	}
	err = p.build(ctx)
	if compile, ok := errors.AsType[*CompileError](err); ok {
		p.failed = compile.Functions
		p.built = slices.DeleteFunc(p.built, func(name string) bool { return slices.Contains(p.failed, name) })
	} else if err != nil {
		p.built, p.failed = nil, p.built
	}
	archives := map[string]string{}
	for _, name := range p.built {
		archives[name] = filepath.Join(p.dir, name+".zip")
	}
	return archives, err
}

// build builds the functions, and those that compile if some do not.
func (p *Project) build(ctx context.Context) error {
	err := build(ctx, p.root, p.dir, p.platform, p.built)
	if _, ok := errors.AsType[*CompileError](err); !ok || len(p.built) == 1 {
		return err
	}
	var failed CompileError
	for _, name := range p.built {
		err := build(ctx, p.root, p.dir, p.platform, []string{name})
		if compile, ok := errors.AsType[*CompileError](err); ok {
			failed.add(compile)
		} else if err != nil {
			return err
		}
	}
	if failed.Functions == nil {
		return nil // edited meanwhile
	}
	return &failed
}

// Record updates the manifest with what the last Rebuild has built, and reports whether all
// of it is known to be current. If not, because a function was edited meanwhile or imports
// another package, Rebuild will build that function again.
func (p *Project) Record(ctx context.Context) (current bool, err error) {
	if len(p.built) == 0 {
		return true, nil
	}
	names, err := functionNames(p.root)
	if err != nil {
		return false, err
	}
	after, err := sources(ctx, p.root, p.platform, names)
	if err != nil {
		return false, err
	}
	before := map[folder]string{}
	for i, f := range p.current.Folders {
		before[f] = p.before[i]
	}
	// A folder that is not known from before may have changed since.
	differs := func(i int) bool { return before[after.Folders[i]] != after.Digests[i] }
	current = true
	for _, name := range names {
		a := p.current.Archives[name]
		if slices.Contains(p.built, name) {
			if a, err = stat(p.dir, name); err != nil {
				return false, err
			}
		}
		failed := slices.Contains(p.failed, name)
		if a.Folders = after.Archives[name].Folders; failed || slices.ContainsFunc(a.Folders, differs) {
			a.Folders = nil // build it again
			current = current && failed
		}
		after.Archives[name] = a
	}
	p.current, p.built, p.failed, p.before = after, nil, nil, nil
	return current, after.save(p.manifest())
}

// own returns the digests of the folders as they are now. It takes those that nobody edits
// from the manifest.
func (m manifest) own() []string {
	now := slices.Clone(m.Digests)
	for i, f := range m.Folders {
		if !f.Fixed {
			now[i], _ = f.digest()
		}
	}
	return now
}

// CompileError means that functions do not compile.
type CompileError struct {
	Functions []string
	Output    string // of the compiler, with paths relative to the project's folder
	err       error
}

func (e *CompileError) Error() string {
	return fmt.Sprintf("compile the functions (%s): %v\n%s", strings.Join(e.Functions, ", "), e.err, e.Output)
}

func (e *CompileError) Unwrap() error { return e.err }

// add adds the functions and the output of another error. Several functions may import the
// same package that does not compile.
func (e *CompileError) add(other *CompileError) {
	e.Functions, e.err = append(e.Functions, other.Functions...), other.err
	if !strings.Contains(e.Output, other.Output) {
		e.Output = strings.TrimPrefix(e.Output+"\n"+other.Output, "\n")
	}
}
