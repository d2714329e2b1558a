package provider

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"tally/localcloud/provider/schema"
	"tally/localcloud/store"
)

// backend is a folder with Pulumi's state of the stack local.
type backend struct {
	t   *testing.T
	dir string
}

func newBackend(t *testing.T) backend { return backend{t, t.TempDir()} }

func (b backend) write(path, content string) {
	b.t.Helper()
	path = filepath.Join(b.dir, ".pulumi", path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

const checkpointFile = "stacks/project/local.json"

// checkpoint writes a checkpoint with these resources and pending operations.
func (b backend) checkpoint(resources []made, operations map[string][]made) {
	b.t.Helper()
	list := func(all []made) []any {
		out := []any{}
		for _, m := range all {
			out = append(out, map[string]any{"urn": m.urn(), "id": m.id, "custom": true, "type": m.token})
		}
		return out
	}
	latest := map[string]any{"manifest": map[string]any{"version": "v3"}, "resources": list(resources)}
	var pending []any
	for typ, all := range operations {
		for _, r := range list(all) {
			pending = append(pending, map[string]any{"resource": r, "type": typ})
		}
	}
	if pending != nil {
		latest["pending_operations"] = pending
	}
	raw, err := json.Marshal(map[string]any{"version": 3, "checkpoint": map[string]any{"stack": "organization/project/local", "latest": latest}})
	if err != nil {
		b.t.Fatal(err)
	}
	b.write(checkpointFile, string(raw))
}

// pending returns the types of the pending operations in the checkpoint.
func (b backend) pending() (types []string) {
	b.t.Helper()
	raw, err := os.ReadFile(filepath.Join(b.dir, ".pulumi", checkpointFile))
	if err != nil {
		b.t.Fatal(err)
	}
	var file struct {
		Version    int
		Checkpoint struct {
			Stack  string
			Latest struct {
				Manifest   struct{ Version string }
				Operations []struct{ Type string } `json:"pending_operations"`
			}
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil || file.Version != 3 || file.Checkpoint.Stack == "" || file.Checkpoint.Latest.Manifest.Version != "v3" {
		b.t.Fatalf("the checkpoint is %s: %v", raw, err)
	}
	for _, o := range file.Checkpoint.Latest.Operations {
		types = append(types, o.Type)
	}
	return types
}

// TestRepairEachType interrupts the creation of a resource of each type. After the repair,
// the same resource can be created again.
func TestRepairEachType(t *testing.T) {
	for _, l := range allLifeCycles() {
		t.Run(l.token, func(t *testing.T) {
			c, b := start(t), newBackend(t)
			m := c.create(l.token, "thing", mappable(resource.NewPropertyMapFromMap(l.inputs(c))))
			b.checkpoint(nil, map[string][]made{"creating": {m}})
			deleted, err := c.provider.Repair(t.Context(), b.dir)
			if err != nil || len(deleted) != 1 || string(deleted[0].URN) != m.urn() || deleted[0].ID != m.id {
				t.Fatalf("the repair deleted %v, error %v, want %s", deleted, err, m.id)
			}
			if !l.remains && c.read(m, "").id != "" {
				t.Error("it exists after the repair")
			}
			if types := b.pending(); types != nil {
				t.Errorf("pending operations %q", types)
			}
			l.settled(c, m)
			if _, err := c.Create(t.Context(), &pulumirpc.CreateRequest{Urn: m.urn(), Properties: c.raw(m.inputs)}); err != nil {
				t.Errorf("creating it again: %v", err)
			}
		})
	}
}

// crash is what ends a goroutine in place of SIGKILL: nothing that follows is done.
type crash struct{}

// TestRepairAfterEachCrash kills the local cloud at each point of the creation of a resource
// of each type. The engine records that the creation failed. After the repair by the next
// process, the resource does not exist, and can be created.
func TestRepairAfterEachCrash(t *testing.T) {
	for point, deletes := range map[string]int{"before the creation": 0, "before the owner": 1, "before the response": 1} {
		for _, l := range append(allLifeCycles(), aliasByARN) {
			t.Run(point+"/"+l.token, func(t *testing.T) {
				st, code, dir := store.InMemory(), t.TempDir(), t.TempDir()
				services, kill := openServices(t, st, code)
				c := startWith(t, services, dir)
				m := made{token: l.token, name: "thing"}
				m.inputs = c.check(l.token, m.name, nil, resource.NewPropertyMapFromMap(l.inputs(c)))
				if err := services.Deployments.Settle("project/local"); err != nil { // the resources it refers to
					t.Fatal(err)
				}
				m.id, m.state = c.createAndCrash(m, point), m.inputs
				kill()

				services, _ = openServices(t, st, code)
				c, b := startWith(t, services, dir), newBackend(t)
				b.checkpoint(nil, nil)
				deleted, err := c.provider.Repair(t.Context(), b.dir)
				if err != nil || len(deleted) != deletes {
					t.Fatalf("the repair deleted %v, error %v, want %q; does the Resource have the right ID?", deleted, err, m.id)
				}
				if m.id != "" && !l.remains && c.read(m, "").id != "" {
					t.Error("it exists after the repair")
				}
				l.settled(c, m)
				if _, err := c.Create(t.Context(), &pulumirpc.CreateRequest{Urn: m.urn(), Properties: c.raw(m.inputs)}); err != nil {
					t.Errorf("creating it again: %v", err)
				}
			})
		}
	}
}

// aliasByARN refers to its function by ARN instead of name.
var aliasByARN = lifeCycle{token: "aws:lambda/alias:Alias", inputs: func(c cloudUnderTest) map[string]any {
	return map[string]any{"functionName": c.function("f").arn(), "functionVersion": "$LATEST"}
}}

// createAndCrash creates a resource, crashes at that point, and returns the ID if the
// service has created the resource.
func (c cloudUnderTest) createAndCrash(m made, point string) (id string) {
	c.t.Helper()
	r := c.provider.table("project")[m.token]
	create := r.Create
	r.Create = func(ctx context.Context, in schema.Values) (_ string, live map[string]any, err error) {
		if point == "before the creation" {
			panic(crash{})
		}
		if id, live, err = create(ctx, in); point == "before the owner" {
			panic(crash{})
		}
		return id, live, err
	}
	defer func() {
		if r := recover(); r != nil && r != (crash{}) {
			panic(r)
		}
	}()
	if _, err := c.provider.Create(c.t.Context(), &pulumirpc.CreateRequest{Urn: m.urn(), Properties: c.raw(m.inputs)}); err != nil {
		c.t.Fatal(err)
	}
	return id
}

// TestRepairWaits checks that a repair waits for a creation that still runs when the engine
// has been killed.
func TestRepairWaits(t *testing.T) {
	c, b := start(t), newBackend(t)
	m := made{token: topicToken, name: "slow"}
	m.inputs = c.check(m.token, m.name, nil, nil)
	r := c.provider.table("project")[m.token]
	create, creating, finish := r.Create, make(chan struct{}), make(chan struct{})
	r.Create = func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
		close(creating)
		<-finish
		return create(ctx, in)
	}
	created := make(chan error)
	go func() {
		_, err := c.provider.Create(context.WithoutCancel(t.Context()), &pulumirpc.CreateRequest{Urn: m.urn(), Properties: c.raw(m.inputs)})
		created <- err
	}()
	<-creating
	b.checkpoint(nil, map[string][]made{"creating": {m}})
	repaired := make(chan int)
	go func() {
		deleted, err := c.provider.Repair(context.WithoutCancel(t.Context()), b.dir)
		if err != nil {
			t.Error(err)
		}
		repaired <- len(deleted)
	}()
	select {
	case <-repaired:
		t.Fatal("the repair did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	close(finish)
	if err := <-created; err != nil {
		t.Error(err)
	}
	if n := <-repaired; n != 1 {
		t.Errorf("the repair deleted %d resources", n)
	}
}

// TestRepairSpares checks which resources a repair deletes, and that it leaves other pending
// operations to Pulumi.
func TestRepairSpares(t *testing.T) {
	for name, test := range map[string]struct {
		before  string // the resources in the checkpoint of a repair before
		has     string // the resources in the checkpoint, by name
		pending string // the type of the pending operation of a
		locked  bool
		deleted bool // a
		remains int  // pending operations
	}{
		"interrupted":                       {has: "b", pending: "creating", deleted: true},
		"in the checkpoint":                 {has: "a b", pending: "creating"},
		"replacement interrupted":           {has: "old b", pending: "creating", deleted: true},
		"let go of":                         {has: "b"},
		"let go of, and created once again": {before: "a b", has: "b", pending: "creating"},
		"interrupted while deleting":        {has: "b", pending: "deleting", remains: 1},
		"being deployed":                    {has: "b", pending: "creating", locked: true, remains: 1},
	} {
		t.Run(name, func(t *testing.T) {
			c, backend := start(t), newBackend(t)
			a, b := c.create(topicToken, "a", nil), c.create(topicToken, "b", nil)
			old := a
			old.id = "arn:old"
			named := func(names string) (list []made) {
				for name := range strings.FieldsSeq(names) {
					list = append(list, map[string]made{"a": a, "b": b, "old": old}[name])
				}
				return list
			}
			repair := func(has string, pending map[string][]made) int {
				backend.checkpoint(named(has), pending)
				deleted, err := c.provider.Repair(t.Context(), backend.dir)
				if err != nil {
					t.Fatal(err)
				}
				return len(deleted)
			}
			if test.before != "" {
				repair(test.before, nil)
			}
			if test.locked {
				backend.write("locks/organization/project/local/1.json", "{}")
			}
			pending := map[string][]made{}
			if test.pending != "" {
				pending[test.pending] = []made{a}
			}
			if n := repair(test.has, pending); (n == 1) != test.deleted || n > 1 {
				t.Errorf("the repair deleted %d resources", n)
			}
			if exists := c.read(a, "").id != ""; exists == test.deleted {
				t.Errorf("a exists: %t", exists)
			}
			if c.read(b, "").id == "" {
				t.Error("b is gone")
			}
			if got := backend.pending(); len(got) != test.remains {
				t.Errorf("pending operations %q, want %d", got, test.remains)
			}
			locks, err := filepath.Glob(filepath.Join(backend.dir, ".pulumi/locks/organization/project/local/*"))
			if err != nil || (len(locks) == 1) != test.locked || len(locks) > 1 {
				t.Errorf("locks %q, error %v", locks, err)
			}
		})
	}
}

// TestCreateAgain checks that a creation adopts nothing, as on AWS: only a repair knows
// that a deployment was interrupted.
func TestCreateAgain(t *testing.T) {
	c := start(t)
	m := c.create(topicToken, "thing", map[string]any{"name": "taken"})
	_, err := c.Create(t.Context(), &pulumirpc.CreateRequest{Urn: m.urn(), Properties: c.raw(m.inputs)})
	holds(t, err, "already exists")
}
