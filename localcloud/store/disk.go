package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// reserve is the number of free bytes on the disk below which changes are refused.
// The engine needs them for its own work, and cannot continue without. Deletions need
// a quarter of them, so that a full disk can be freed.
const reserve = 64 << 20

// disk is an engine in a folder: a log-structured merge tree, whose write-ahead log is
// written in the order of changes and synced once for all that wait.
type disk struct {
	db     *pebble.DB
	report *logger
	lock   *pebble.Lock
	dir    string
	info   fs.FileInfo            // of dir
	free   func() (uint64, error) // bytes available on the disk

	pending atomic.Bool               // a sync is scheduled
	checked atomic.Pointer[time.Time] // when the space on the disk was last enough; nil for never

	life context.Context // canceled by close
	end  context.CancelFunc

	mu     sync.Mutex
	closed bool
	users  sync.WaitGroup // calls in progress, for which close waits
}

// use calls do while the engine is open, or fails with errClosed.
func (d *disk) use(do func() error) error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return errClosed
	}
	d.users.Add(1)
	d.mu.Unlock()
	defer d.users.Done()
	return do()
}

var errClosed = errors.New("the state is closed")

func (d *disk) close() error {
	d.mu.Lock()
	closed := d.closed
	d.closed = true
	d.mu.Unlock()
	if closed {
		return nil
	}
	d.end()
	d.users.Wait()
	err := errors.Join(d.db.LogData(nil, pebble.Sync), d.db.Close(), d.present())
	if err == nil {
		err = writeClosed(d.dir)
	}
	return errors.Join(err, d.lock.Close())
}

// openDisk opens the folder dir and creates it if necessary.
func openDisk(dir string) (*disk, error) {
	if err := os.MkdirAll(dir, 0o700); errors.Is(err, syscall.ENOTDIR) {
		return nil, unusable(dir, err)
	} else if err != nil {
		return nil, err
	}
	lock, err := pebble.LockDirectory(dir, vfs.Default)
	if isLocked(err) {
		return nil, fmt.Errorf("%s: %w", filepath.Dir(dir), ErrInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the state in %s: %w", dir, err)
	}
	d, err := openLocked(dir, lock)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return d, nil
}

func openLocked(dir string, lock *pebble.Lock) (*disk, error) {
	isNew, err := isNew(dir)
	if err != nil {
		return nil, err
	}
	if !isNew {
		if err := checkFiles(dir); err != nil {
			return nil, err
		}
	}
	d := &disk{report: &logger{}, lock: lock, dir: dir, free: func() (uint64, error) {
		usage, err := vfs.Default.GetDiskUsage(dir)
		return usage.AvailBytes, err
	}}
	if err := d.checkFree(reserve / 4); err != nil {
		return nil, err
	}
	if err := removeClosed(dir); err != nil {
		return nil, fmt.Errorf("opening the state in %s: %w", dir, err)
	}
	if d.db, err = openEngine(dir, isNew, lock, d.report); err != nil {
		return nil, err
	}
	d.life, d.end = context.WithCancel(context.Background())
	if d.info, err = os.Stat(dir); err == nil && isNew {
		err = WriteFile(filepath.Join(dir, formatFile), []byte(format))
	}
	if err != nil {
		return nil, errors.Join(err, d.db.Close())
	}
	return d, nil
}

// openEngine opens the engine. Any error that the machine does not explain means that
// its files are damaged.
func openEngine(dir string, isNew bool, lock *pebble.Lock, report *logger) (db *pebble.DB, err error) {
	report.opening.Store(true)
	defer func() {
		report.opening.Store(false)
		if p := recover(); p != nil { // as the engine does for some kinds of damage
			db, err = nil, unusable(dir, fmt.Errorf("%v", p))
		}
	}()
	db, err = pebble.Open(dir, options(isNew, lock, report))
	switch {
	case err == nil:
		return db, nil
	case isMachine(err):
		return nil, fmt.Errorf("opening the state in %s: %w", dir, err)
	}
	return nil, unusable(dir, err)
}

// isMachine reports whether the machine caused the error, and not the state.
func isMachine(err error) bool {
	for _, cause := range []error{fs.ErrPermission, syscall.EROFS, syscall.ENOSPC, syscall.EDQUOT, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// isLocked reports whether err means that another store has the folder open.
func isLocked(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || err != nil && strings.Contains(err.Error(), "lock held by current process")
}

// AwaitRelease returns once no process has the state in the folder dir open, or with
// the context's error. Nobody can have a state open in a folder that does not exist.
func AwaitRelease(ctx context.Context, dir string) error {
	for {
		lock, err := pebble.LockDirectory(filepath.Join(dir, Folder), vfs.Default)
		if err == nil {
			return lock.Close()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if !isLocked(err) {
			return err
		}
		select { // the operating system reports only to those that wait without end
		case <-time.After(releasePoll):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

const releasePoll = 5 * time.Millisecond

func unusable(dir string, err error) error { return fmt.Errorf("%s: %w: %w", dir, err, ErrUnusable) }

func options(isNew bool, lock *pebble.Lock, report *logger) *pebble.Options {
	o := &pebble.Options{
		ErrorIfNotExists:   !isNew,
		FormatMajorVersion: pebble.FormatNewest,
		CacheSize:          8 << 20,
		// What is changed at the same time is at both ends of the order of keys, so that
		// each compaction rewrites nearly everything. Small tables leave memory early.
		MemTableSize:          2 << 20,
		L0CompactionThreshold: 16,
		L0StopWritesThreshold: 64,
		Lock:                  lock,
		Logger:                report,
		EventListener:         &pebble.EventListener{DataCorruption: report.corrupt, BackgroundError: report.background},
		Cleaner:               cleaner{},
		// Range deletions give their space back only after they have left memory.
		FlushDelayDeleteRange: time.Second,
		// The local cloud leaves the second core to functions.
		CompactionConcurrencyRange: func() (lower, upper int) { return 1, 1 },
	}
	o.EnsureDefaults()
	return o
}

// cleaner deletes files that the engine no longer needs. The engine would reuse old
// files of its log, where secrets would remain for longer, unless the cleaner also has
// a method of ArchiveCleaner; the methods of DeleteCleaner, embedded one level higher,
// take precedence.
type cleaner struct {
	pebble.DeleteCleaner
	noReuse
}

type noReuse struct{ pebble.ArchiveCleaner }

func (d *disk) apply(ops []op) error {
	b := d.db.NewBatch()
	for _, o := range ops {
		var err error
		switch {
		case o.end != nil:
			err = b.DeleteRange(o.key, o.end, nil)
		case o.deletes():
			err = b.Delete(o.key, nil)
		default:
			err = b.Set(o.key, o.value, nil)
		}
		if err != nil {
			return errors.Join(err, b.Close())
		}
	}
	return d.use(func() error {
		d.scheduleSync()
		return errors.Join(b.Commit(pebble.NoSync), b.Close())
	})
}

// scheduleSync sees to it that changes that nobody waits for are on disk soon.
func (d *disk) scheduleSync() {
	if d.pending.CompareAndSwap(false, true) {
		time.AfterFunc(syncDelay, func() {
			d.pending.Store(false)
			_ = d.sync() // an error ends the process, or the next caller gets it, too
		})
	}
}

// syncDelay is the time after which changes that nobody waits for are on disk.
const syncDelay = 50 * time.Millisecond

// check fails with ErrFull and ErrGone.
func (d *disk) check(ops []op) error {
	if err := d.present(); err != nil {
		return err
	}
	needed := uint64(reserve)
	if !slices.ContainsFunc(ops, func(o op) bool { return !o.deletes() }) {
		needed = reserve / 4
	}
	if err := d.checkFree(needed); err != nil {
		return err
	}
	if needed == reserve {
		now := time.Now()
		d.checked.Store(&now)
	}
	return nil
}

// checkAgain is check, unless that has found everything in order a moment ago.
func (d *disk) checkAgain(ops []op) error {
	if at := d.checked.Load(); at != nil && time.Since(*at) < checkInterval {
		return nil
	}
	return d.check(ops)
}

// checkInterval is so short that the reserve cannot be used up between two checks.
const checkInterval = 10 * time.Millisecond

func (d *disk) checkFree(needed uint64) error {
	free, err := d.free()
	if err == nil && free < needed {
		err = fmt.Errorf("%w: %d MiB are free at %s, %d MiB are needed", ErrFull, free>>20, d.dir, needed>>20)
	}
	return err
}

// present fails with ErrGone if the folder has been removed or replaced.
func (d *disk) present() error {
	if info, err := os.Stat(d.dir); err != nil || !os.SameFile(info, d.info) {
		return fmt.Errorf("%s: %w", d.dir, ErrGone)
	}
	return nil
}

// sync adds an empty entry to the log and waits for it. If the log cannot be written, the
// process ends, as it does when the engine notices it.
func (d *disk) sync() error {
	err := d.use(func() error {
		if err := d.db.LogData(nil, pebble.Sync); err != nil {
			d.report.Fatalf("%v", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return d.present()
}

func (d *disk) get(key []byte) (value []byte, err error) {
	err = d.use(func() error {
		found, closer, err := d.db.Get(key)
		if errors.Is(err, pebble.ErrNotFound) {
			return nil
		}
		if err != nil {
			return d.explain(err)
		}
		value = append([]byte{}, found...) // not nil, even if empty
		return closer.Close()
	})
	return value, err
}

// explain adds to an error of reading what to do about damage.
func (d *disk) explain(err error) error {
	if pebble.IsCorruptionError(err) {
		return unusable(d.dir, err)
	}
	return err
}

func (d *disk) ascend(from, to []byte, visit func(key, value []byte) bool) error {
	return d.iterate(from, to, func(it *pebble.Iterator) {
		for ok := it.First(); ok && visit(it.Key(), it.Value()); ok = it.Next() {
		}
	})
}

func (d *disk) descend(from, to []byte, visit func(key, value []byte) bool) error {
	return d.iterate(from, to, func(it *pebble.Iterator) {
		for ok := it.Last(); ok && visit(it.Key(), it.Value()); ok = it.Prev() {
		}
	})
}

func (d *disk) iterate(from, to []byte, walk func(*pebble.Iterator)) error {
	if bytes.Compare(from, to) >= 0 {
		return nil
	}
	return d.use(func() error {
		it, err := d.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
		if err != nil {
			return d.explain(err)
		}
		walk(it)
		return d.explain(cmp.Or(it.Error(), it.Close()))
	})
}

func (d *disk) usage(from, to []byte) (n uint64, err error) {
	if bytes.Compare(from, to) >= 0 {
		return 0, nil
	}
	err = d.use(func() error {
		n, err = d.db.EstimateDiskUsage(from, to)
		return err
	})
	return n, err
}

func (d *disk) size() (n uint64) {
	_ = d.use(func() error { // once it is closed, nobody asks
		n = d.db.Metrics().DiskSpaceUsage()
		return nil
	})
	return n
}

func (d *disk) erase(from, to []byte) error {
	return d.use(func() error { return d.db.Compact(d.life, from, to, false) })
}
