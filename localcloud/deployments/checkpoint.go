package deployments

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"tally/localcloud/store"
)

// Checkpoint is Pulumi's state of a stack, in a folder that Pulumi uses as its backend.
//
// https://www.pulumi.com/docs/iac/concepts/state-and-backends/
type Checkpoint struct {
	// Creating holds the resources whose creation here was interrupted: the engine asked
	// for it and did not record a result.
	Creating map[urn.URN]bool

	path, stack string
	locks       string             // the folder with the locks of the stack
	resources   map[[2]string]bool // by URN and ID
}

// Stack returns the stack as "project/stack".
func (c *Checkpoint) Stack() string { return c.stack }

// Checkpoints returns the checkpoints below dir of stacks that no deployment has locked.
// They are not read yet. It removes the lock of a repair that was killed, so that the caller
// must be the only one who repairs.
func Checkpoints(dir string) (all []*Checkpoint, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, ".pulumi", "stacks", "*", "*.json"))
	for _, path := range paths {
		project := filepath.Base(filepath.Dir(path))
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		c := &Checkpoint{
			path: path, stack: project + "/" + name,
			locks: filepath.Join(dir, ".pulumi", "locks", "organization", project, name),
		}
		if e := os.Remove(filepath.Join(c.locks, lockFile)); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
		if !c.locked() {
			all = append(all, c)
		}
	}
	return all, err
}

// Read reads the checkpoint. A stack that was just removed has an empty one.
func (c *Checkpoint) Read() error {
	raw, err := os.ReadFile(c.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var file struct {
		Checkpoint struct {
			Latest struct {
				Resources  []resource
				Operations []operation `json:"pending_operations"`
			}
		}
	}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &file); err != nil {
			return fmt.Errorf("%s: %w", c.path, err)
		}
	}
	c.Creating, c.resources = map[urn.URN]bool{}, map[[2]string]bool{}
	for _, r := range file.Checkpoint.Latest.Resources {
		c.resources[[2]string{string(r.URN), r.ID}] = true
	}
	for _, o := range file.Checkpoint.Latest.Operations {
		if o.createsHere() {
			c.Creating[o.Resource.URN] = true
		}
	}
	return nil
}

// resource and operation are parts of the file.
type resource struct {
	URN urn.URN `json:"urn"`
	ID  string  `json:"id"`
}

type operation struct {
	Resource resource
	Type     string
}

// createsHere reports whether the operation is a creation by the aws provider, or by Pulumi
// itself, which creates only what its state has. Those of other providers are the user's to
// look for.
func (o operation) createsHere() bool {
	u, err := urn.Parse(string(o.Resource.URN))
	if err != nil || o.Type != "creating" {
		return false
	}
	provider, _, _ := strings.Cut(string(u.Type()), ":")
	return provider == "aws" || provider == "pulumi"
}

// has reports whether the checkpoint has the resource.
func (c *Checkpoint) has(u urn.URN, id string) bool { return c.resources[[2]string{string(u), id}] }

// Interrupted reports whether Pulumi was killed while it waited for something. It is much
// cheaper than Read.
func (c *Checkpoint) Interrupted() bool {
	raw, err := os.ReadFile(c.path)
	return err == nil && bytes.Contains(raw, []byte(`"pending_operations"`))
}

// locked reports whether a deployment of the stack is running.
func (c *Checkpoint) locked() bool {
	locks, err := filepath.Glob(filepath.Join(c.locks, "*.json"))
	return err != nil || len(locks) > 0
}

// lockFile is the name of the lock while the checkpoint is changed here. Its form is that
// of Pulumi's own locks.
const lockFile = "localcloud.json"

// Lock keeps Pulumi from deploying the stack until unlock is called. It reports false if a
// deployment has locked the stack.
func (c *Checkpoint) Lock() (unlock func() error, ok bool, err error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, false, err
	}
	raw, err := json.Marshal(map[string]any{"pid": os.Getpid(), "username": "localcloud", "hostname": host})
	if err != nil {
		return nil, false, err
	}
	if c.locked() {
		return nil, false, nil
	}
	if err := os.MkdirAll(c.locks, 0o700); err != nil {
		return nil, false, err
	}
	path := filepath.Join(c.locks, lockFile)
	unlock = func() error { return os.Remove(path) }
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return nil, false, err
	}
	if locks, err := filepath.Glob(filepath.Join(c.locks, "*.json")); err != nil || len(locks) != 1 {
		return nil, false, errors.Join(err, unlock()) // a deployment was faster
	}
	return unlock, true, nil
}

// ClearCreating removes the operations in Creating from the checkpoint, which must be
// locked. A deployment never does: it repeats the creations, but keeps warning of the
// interruption until somebody has looked.
//
// https://www.pulumi.com/docs/iac/operations/troubleshooting/interrupted-updates/
func (c *Checkpoint) ClearCreating() error {
	raw, err := os.ReadFile(c.path)
	if err != nil {
		return err
	}
	var file, checkpoint, latest map[string]json.RawMessage
	var operations, rest []json.RawMessage
	err = errors.Join(json.Unmarshal(raw, &file), json.Unmarshal(file["checkpoint"], &checkpoint),
		json.Unmarshal(checkpoint["latest"], &latest), json.Unmarshal(latest["pending_operations"], &operations))
	for _, o := range operations {
		var parsed operation
		err = errors.Join(err, json.Unmarshal(o, &parsed))
		if !parsed.createsHere() {
			rest = append(rest, o)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.path, err)
	}
	delete(latest, "pending_operations")
	if len(rest) > 0 {
		latest["pending_operations"], err = json.Marshal(rest)
	}
	for _, outer := range []struct {
		in    map[string]json.RawMessage
		name  string
		value any
	}{{checkpoint, "latest", latest}, {file, "checkpoint", checkpoint}} {
		encoded, failed := json.Marshal(outer.value)
		outer.in[outer.name], err = encoded, errors.Join(err, failed)
	}
	if err != nil {
		return err
	}
	if raw, err = json.Marshal(file); err != nil {
		return err
	}
	return store.WriteFile(c.path, raw)
}
