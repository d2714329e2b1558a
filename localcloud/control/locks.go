package control

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// removeStaleLocks removes the locks of stacks that a pulumi process left when it was
// killed. Otherwise, the next deployment would fail until somebody runs pulumi cancel.
//
// https://www.pulumi.com/docs/iac/cli/commands/pulumi_cancel/
func (c Config) removeStaleLocks() error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	locks := filepath.Join(c.PulumiState(), ".pulumi", "locks")
	return filepath.WalkDir(locks, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // nobody has deployed, or the lock was just released
			return nil
		}
		if err != nil || e.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		raw, err := os.ReadFile(path)
		var lock struct {
			PID      int    `json:"pid"`
			Hostname string `json:"hostname"`
		}
		if err != nil || json.Unmarshal(raw, &lock) != nil || lock.PID <= 0 || lock.Hostname != host ||
			!isDead(lock.PID) {
			return nil // it is held, or nobody knows
		}
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

// removeTornAttributes removes the files beside a stack's state that pulumi was about to
// write when it was killed. Otherwise, all its commands would fail with "failed to load
// checkpoint: EOF". In contrast to the state itself, they are not replaced at once, and not
// required: they hold MIME types and the like.
//
// https://pkg.go.dev/gocloud.dev/blob/fileblob
func (c Config) removeTornAttributes() error {
	root := filepath.Join(c.PulumiState(), ".pulumi")
	paths, err := filepath.Glob(filepath.Join(root, "stacks", "*", "*.attrs"))
	for _, path := range append(paths, filepath.Join(root, "meta.yaml.attrs")) {
		raw, failed := os.ReadFile(path)
		if failed == nil && !json.Valid(raw) {
			failed = os.Remove(path)
		}
		if !errors.Is(failed, fs.ErrNotExist) { // a deployment may be running
			err = errors.Join(err, failed)
		}
	}
	return err
}
