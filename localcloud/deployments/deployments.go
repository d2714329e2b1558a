// Package deployments stores where the resources of a local cloud come from:
// the folders of the Pulumi programs that are deployed to it, and the stack of
// each resource.
package deployments

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"gopkg.in/yaml.v3"

	"tally/localcloud/store"
)

// Service stores programs and owners. Its methods may be called concurrently.
type Service struct {
	store    *store.Store
	programs *store.Table[program] // by folder
	owners   *store.Table[Owner]   // by type and ID
	// creations are by URN and ID: an interrupted replacement leaves two of one URN.
	creations *store.Table[Creation]

	mu sync.Mutex // held while the owners, the creations and the following change together
	// identified holds the keys of the owners with each type and identity, because
	// every creation of a resource looks for one: a search of all owners would make
	// the time of a deployment grow with the square of its size.
	identified map[[2]string][]string
	// previous holds the keys of the creations that were not answered when the previous
	// process ended.
	previous map[string]bool
}

// program is the row of a registered folder. The project is not stored: the
// folder's Pulumi.yaml may change after the registration.
type program struct {
	Dir        string
	Registered time.Time
}

// New returns a service with the state in the store.
func New(st *store.Store) (*Service, error) {
	programs, err := store.NewTable[program](st, "programs")
	if err != nil {
		return nil, err
	}
	owners, err := store.NewTable[Owner](st, "owners")
	if err != nil {
		return nil, err
	}
	creations, err := store.NewTable[Creation](st, "creations")
	if err != nil {
		return nil, err
	}
	s := &Service{
		store: st, programs: programs, owners: owners, creations: creations,
		identified: map[[2]string][]string{}, previous: map[string]bool{},
	}
	for _, o := range owners.All() {
		s.index(o)
	}
	for _, c := range creations.All() {
		if !c.Answered {
			s.previous[creationKey(c.URN, c.ID)] = true
		}
	}
	return s, nil
}

// Program is a registered folder that still exists.
type Program struct {
	Project string `json:"project,omitempty"` // "" for a folder without a Pulumi.yaml
	Dir     string `json:"dir"`
	main    string // the folder that the program runs in
}

// Register makes dir, an absolute path, the most recent folder of its project, and
// removes folders that no longer exist.
func (s *Service) Register(dir string) error {
	if !filepath.IsAbs(dir) {
		return fmt.Errorf("the program's folder %q is not an absolute path", dir)
	}
	if info, err := os.Stat(dir); err != nil {
		return err
	} else if !info.IsDir() {
		return fmt.Errorf("the program's folder %s is not a folder", dir)
	}
	for _, row := range s.programs.All() {
		if _, err := os.Stat(row.Dir); errors.Is(err, fs.ErrNotExist) {
			if err := s.programs.Delete(row.Dir); err != nil {
				return err
			}
		}
	}
	dir = filepath.Clean(dir)
	return s.programs.Put(dir, program{Dir: dir, Registered: time.Now().UTC()})
}

// Programs returns the registered folders, the most recently registered first.
func (s *Service) Programs() (all []Program) {
	rows := s.programs.All()
	slices.SortStableFunc(rows, func(a, b program) int { return b.Registered.Compare(a.Registered) })
	for _, row := range rows {
		if _, err := os.Stat(row.Dir); err == nil {
			all = append(all, Load(row.Dir))
		}
	}
	return all
}

// Load reads the program in dir. A folder whose Pulumi.yaml cannot be read or has no
// name counts as one without: the Pulumi CLI reports the error.
func Load(dir string) Program {
	p := Program{Dir: dir, main: dir}
	for _, name := range []string{"Pulumi.yaml", "Pulumi.yml", "Pulumi.json"} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		decode := yaml.Unmarshal // refuses some JSON: tabs, and escapes that YAML does not have
		if filepath.Ext(name) == ".json" {
			decode = json.Unmarshal
		}
		var project struct{ Name, Main string }
		if decode(raw, &project) != nil || project.Name == "" {
			continue
		}
		p.Project = project.Name
		switch {
		case filepath.IsAbs(project.Main):
			p.main = filepath.Clean(project.Main)
		case project.Main != "":
			p.main = filepath.Join(dir, project.Main)
		}
		break
	}
	return p
}

// Folders returns the folders in which relative paths of a project's program may
// start: its registered folders, the most recently registered first, each followed
// by the folder that its Pulumi.yaml names as main; then the folders that belong
// to no project.
func (s *Service) Folders(project string) (folders []string) {
	if s == nil {
		return nil
	}
	programs := s.Programs()
	for _, name := range []string{project, ""} {
		for _, p := range programs {
			if p.Project == name {
				folders = append(folders, p.Dir, p.main)
			}
		}
	}
	return slices.Compact(folders)
}

// Owner is the resource in a program for which a resource was created here.
type Owner struct {
	URN urn.URN
	ID  string
	// Identity distinguishes the resource from others of its type. It is set only
	// for types of which AWS accepts a second resource with the same name, and
	// then replaces or returns the first one.
	Identity string
}

// Type returns the type of the resource: "aws:sns/topic:Topic".
func (o Owner) Type() string { return string(o.URN.Type()) }

// Stack returns the resource's stack as "project/stack".
func (o Owner) Stack() string { return string(o.URN.Project()) + "/" + string(o.URN.Stack()) }

// String returns the stack in words: "stack local of project tally".
func (o Owner) String() string {
	return fmt.Sprintf("stack %s of project %s", o.URN.Stack(), o.URN.Project())
}

// Stacks returns the stacks that have resources, as "project/stack", sorted.
func (s *Service) Stacks() []string {
	stacks := map[string]bool{}
	for _, o := range s.owners.All() {
		stacks[o.Stack()] = true
	}
	return slices.Sorted(maps.Keys(stacks))
}

// key is unique because no type contains a space.
func key(typ, id string) string { return typ + " " + id }

// SetOwner replaces the owner of the resource of o's type and ID.
func (s *Service) SetOwner(o Owner) error {
	if err := s.setOwner(o); err != nil {
		return err
	}
	return s.store.Sync()
}

func (s *Service) setOwner(o Owner) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, replaced := s.Owner(o.Type(), o.ID)
	if err := s.store.Apply(s.owners.Set(key(o.Type(), o.ID), o)); err != nil {
		return err
	}
	if replaced {
		s.unindex(old)
	}
	s.index(o)
	return nil
}

// index adds an owner to those of its type and identity.
func (s *Service) index(o Owner) {
	if o.Identity == "" {
		return // of a type whose names are unique
	}
	i := [2]string{o.Type(), o.Identity}
	s.identified[i] = append(s.identified[i], key(o.Type(), o.ID))
}

// unindex removes an owner from those of its type and identity.
func (s *Service) unindex(o Owner) {
	i := [2]string{o.Type(), o.Identity}
	s.identified[i] = slices.DeleteFunc(s.identified[i], func(k string) bool { return k == key(o.Type(), o.ID) })
	if len(s.identified[i]) == 0 {
		delete(s.identified, i)
	}
}

// Owner returns the owner of a resource. It reports false for one that no
// program created.
func (s *Service) Owner(typ, id string) (Owner, bool) { return s.owners.Get(key(typ, id)) }

// Identified returns the owner of the resource with that type and identity. It
// reports false if there is none.
func (s *Service) Identified(typ, identity string) (Owner, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := s.identified[[2]string{typ, identity}]
	if len(keys) == 0 {
		return Owner{}, false
	}
	return s.owners.Get(keys[0])
}

// Named returns the owner of the resource with that type and name, which its ID is
// or ends with, as an ARN or a URL does. In the ARN of a secret, a hyphen and six random
// characters follow. It reports false if there is none.
func (s *Service) Named(typ, name string) (Owner, bool) {
	for _, o := range s.owners.All() {
		id := o.ID
		if i := len(id) - len("-abcdef"); typ == "aws:secretsmanager/secret:Secret" && i > 0 {
			id = id[:i]
		}
		prefix, found := strings.CutSuffix(id, name)
		if found && name != "" && o.Type() == typ && (prefix == "" || strings.HasSuffix(prefix, ":") || strings.HasSuffix(prefix, "/")) {
			return o, true
		}
	}
	return Owner{}, false
}

// Disown removes u as the owner of a deleted resource. It does nothing if the
// resource has another owner by now.
func (s *Service) Disown(u urn.URN, id string) error {
	if err := s.disown(u, id); err != nil {
		return err
	}
	return s.store.Sync()
}

func (s *Service) disown(u urn.URN, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.Owner(string(u.Type()), id)
	if !ok || o.URN != u {
		return nil
	}
	if err := s.store.Apply(s.owners.Unset(key(string(u.Type()), id))); err != nil {
		return err
	}
	s.unindex(o)
	return nil
}
