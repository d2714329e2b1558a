package deployments

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"tally/localcloud/store"
)

func open(t *testing.T, st *store.Store) *Service {
	t.Helper()
	s, err := New(st)
	check(t, err)
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// folder writes a Pulumi.yaml into a new folder, unless content is empty.
func folder(t *testing.T, content string) string {
	t.Helper()
	dir := t.TempDir()
	if content != "" {
		check(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte(content), 0o644))
	}
	return dir
}

func TestFolders(t *testing.T) {
	elsewhere := t.TempDir()
	first := folder(t, "name: p\nruntime: go\n")
	second := folder(t, "name: p\nruntime: go\nmain: infra\n")
	third := folder(t, "name: p\nruntime: go\nmain: "+elsewhere+"\n")
	other := folder(t, "name: q\nruntime: go\n")
	broken := folder(t, "{")
	loose := folder(t, "")
	gone := filepath.Join(t.TempDir(), "gone")
	check(t, os.Mkdir(gone, 0o755))

	st, err := store.Open(t.TempDir())
	check(t, err)
	defer st.Close()
	s := open(t, st)
	for _, dir := range []string{broken, loose, other, gone, third, second, first, second} {
		check(t, s.Register(dir))
		time.Sleep(time.Microsecond) // registrations are ordered by their times
	}
	check(t, os.Remove(gone))
	check(t, s.Register(second))
	if _, ok := s.programs.Get(gone); ok {
		t.Error("a folder that no longer exists is still registered")
	}
	want := []string{second, filepath.Join(second, "infra"), first, third, elsewhere, loose, broken}
	for name, s := range map[string]*Service{"registered": s, "opened again": open(t, st)} {
		if got := s.Folders("p"); !slices.Equal(got, want) {
			t.Errorf("%s: folders of p\n%q, want\n%q", name, got, want)
		}
		if got, want := s.Folders("r"), []string{loose, broken}; !slices.Equal(got, want) {
			t.Errorf("%s: folders of an unknown project %q, want %q", name, got, want)
		}
	}
	check(t, os.WriteFile(filepath.Join(loose, "Pulumi.yaml"), []byte("name: r\nruntime: go\n"), 0o644))
	if got := s.Folders("r"); !slices.Equal(got, []string{loose, broken}) {
		t.Errorf("a folder that has become one of project r: %q", got)
	}
}

func TestRegisterRefuses(t *testing.T) {
	s := open(t, nil)
	file := filepath.Join(folder(t, "name: p\nruntime: go\n"), "Pulumi.yaml")
	for _, dir := range []string{"", "relative", filepath.Join(t.TempDir(), "missing"), file} {
		if err := s.Register(dir); err == nil {
			t.Errorf("registered %q", dir)
		}
	}
}

func TestOwner(t *testing.T) {
	s := open(t, nil)
	const a, b = urn.URN("urn:pulumi:local-a::p::aws:sns/topic:Topic::t"), urn.URN("urn:pulumi:local-b::p::aws:sns/topic:Topic::t")
	check(t, s.SetOwner(Owner{URN: a, ID: "1", Identity: "t"}))
	check(t, s.SetOwner(Owner{URN: b, ID: "2"}))
	if o, ok := s.Owner("aws:sns/topic:Topic", "1"); !ok || o.URN != a || o.String() != "stack local-a of project p" {
		t.Errorf("the owner of 1 is %v, %v", o, ok)
	}
	if _, ok := s.Owner("aws:sqs/queue:Queue", "1"); ok {
		t.Error("a resource of another type has the owner")
	}
	if o, ok := s.Identified("aws:sns/topic:Topic", "t"); !ok || o.URN != a {
		t.Errorf("the owner of t is %v, %v", o, ok)
	}
	check(t, s.Disown(b, "1"))
	if _, ok := s.Owner("aws:sns/topic:Topic", "1"); !ok {
		t.Error("another stack's deletion removed the owner")
	}
	check(t, s.Disown(a, "1"))
	if _, ok := s.Owner("aws:sns/topic:Topic", "1"); ok {
		t.Error("a deleted resource still has its owner")
	}
}

func TestIdentified(t *testing.T) {
	const topic = "aws:sns/topic:Topic"
	const a, b = urn.URN("urn:pulumi:local::p::" + topic + "::a"), urn.URN("urn:pulumi:local::p::" + topic + "::b")
	st, err := store.Open(t.TempDir())
	check(t, err)
	s := open(t, st)
	check(t, s.SetOwner(Owner{URN: a, ID: "1", Identity: "t"}))
	check(t, s.SetOwner(Owner{URN: a, ID: "2", Identity: "t"})) // a replacement, before 1 is deleted
	check(t, s.SetOwner(Owner{URN: b, ID: "3", Identity: "u"}))
	check(t, s.SetOwner(Owner{URN: b, ID: "3", Identity: "v"}))
	want := func(s *Service, identity, id string) {
		t.Helper()
		if o, ok := s.Identified(topic, identity); ok != (id != "") || o.ID != id {
			t.Errorf("the owner of %s is %+v, %t, want %q", identity, o, ok, id)
		}
	}
	check(t, s.Disown(a, "1"))
	for _, s := range []*Service{s, open(t, st)} {
		want(s, "t", "2")
		want(s, "u", "")
		want(s, "v", "3")
	}
	check(t, s.Disown(a, "2"))
	want(s, "t", "")
}

// BenchmarkIdentified measures what every creation of some types does, with the
// owners of 100 functions.
func BenchmarkIdentified(b *testing.B) {
	s, err := New(nil)
	if err != nil {
		b.Fatal(err)
	}
	for i := range 4300 {
		if err := s.SetOwner(Owner{URN: "urn:pulumi:local::p::aws:sns/topic:Topic::t", ID: strconv.Itoa(i), Identity: strconv.Itoa(i)}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		s.Identified("aws:sns/topic:Topic", "4299")
	}
}

func TestLoad(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		want  Program // with paths below the folder
	}{
		"none":         {},
		"yml":          {files: map[string]string{"Pulumi.yml": "\ufeffname: p # it's\nruntime: {name: go, options: {}}\nmain: a/../b\n"}, want: Program{Project: "p", main: "b"}},
		"json":         {files: map[string]string{"Pulumi.json": "{\n\t\"name\": \"p\\/q\", \"config\": {\"a:b\": [1, true]},\n\t\"main\": \"b\"}"}, want: Program{Project: "p/q", main: "b"}},
		"yaml first":   {files: map[string]string{"Pulumi.yaml": "name: p", "Pulumi.json": `{"name":"q","main":"b"}`}, want: Program{Project: "p"}},
		"without name": {files: map[string]string{"Pulumi.yaml": "main: a", "Pulumi.json": `{"name":"q"}`}, want: Program{Project: "q"}},
		"broken":       {files: map[string]string{"Pulumi.yaml": "name: p\nmain: [", "Pulumi.yml": "name: q"}, want: Program{Project: "q"}},
		"wrong kind":   {files: map[string]string{"Pulumi.yaml": "name: p\nmain: [a]"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range tc.files {
				check(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
			}
			tc.want.Dir, tc.want.main = dir, filepath.Join(dir, tc.want.main)
			if got := Load(dir); got != tc.want {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
		})
	}
}
