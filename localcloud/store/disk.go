package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
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

// format is the version of the keys and values in the state.
const format = "1"

var formatKey = []byte("format")

// disk is an engine in a folder: a log-structured merge tree, whose write-ahead log is
// written in the order of changes and synced once for all that wait.
type disk struct {
	db   *pebble.DB
	dir  string
	info fs.FileInfo            // of dir
	free func() (uint64, error) // bytes available on the disk

	pending atomic.Bool // a sync is scheduled

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
	d.users.Wait()
	return errors.Join(d.db.LogData(nil, pebble.Sync), d.db.Close())
}

// openDisk opens the folder dir and creates it if necessary.
func openDisk(dir string) (d *disk, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	isNew, err := isEmpty(dir)
	if err != nil {
		return nil, err
	}
	defer func() { // the engine panics if it finds some kinds of damage
		if p := recover(); p != nil {
			d, err = nil, unusable(dir, fmt.Errorf("%v", p))
		}
	}()
	db, err := pebble.Open(dir, options(isNew))
	switch {
	case isLocked(err):
		return nil, fmt.Errorf("%s: %w", filepath.Dir(dir), ErrInUse)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOSPC):
		return nil, fmt.Errorf("opening the state in %s: %w", dir, err)
	case err != nil:
		return nil, unusable(dir, err)
	}
	d = &disk{db: db, dir: dir, free: func() (uint64, error) {
		usage, err := vfs.Default.GetDiskUsage(dir)
		return usage.AvailBytes, err
	}}
	if d.info, err = os.Stat(dir); err == nil {
		err = d.checkFormat(isNew)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
}

// isLocked reports whether err means that another store has the folder open.
func isLocked(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || err != nil && strings.Contains(err.Error(), "lock held by current process")
}

// AwaitRelease returns once no process has the state in the folder dir open, or with
// the context's error.
func AwaitRelease(ctx context.Context, dir string) error {
	for {
		lock, err := pebble.LockDirectory(filepath.Join(dir, Folder), vfs.Default)
		if err == nil {
			return lock.Close()
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

// isEmpty reports whether the folder has no files. An engine whose files have been
// deleted in part must not start afresh.
func isEmpty(dir string) (bool, error) {
	f, err := os.Open(dir)
	if err != nil {
		return false, err
	}
	defer f.Close()
	_, err = f.ReadDir(1)
	if err == io.EOF {
		return true, nil
	}
	return false, err
}

func unusable(dir string, err error) error { return fmt.Errorf("%s: %w: %w", dir, err, ErrUnusable) }

func options(isNew bool) *pebble.Options {
	o := &pebble.Options{
		ErrorIfNotExists:   !isNew,
		FormatMajorVersion: pebble.FormatNewest,
		MemTableSize:       4 << 20,
		CacheSize:          8 << 20,
		Logger:             logger{},
		Cleaner:            cleaner{},
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

// logger reports what the engine cannot return as an error.
type logger struct{}

func (logger) Infof(string, ...any) {}

func (logger) Errorf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "localcloud: state: "+format+"\n", args...)
}

// Fatalf ends the process: the engine calls it when it cannot write to the disk, and
// nothing may be acknowledged then. The next start continues with what is on disk.
func (l logger) Fatalf(format string, args ...any) {
	l.Errorf(format, args...)
	fmt.Fprintln(os.Stderr, "localcloud: the state cannot be written, so the local cloud ends; free or repair the disk, then start it again")
	os.Exit(1)
}

// checkFormat marks a new state with its format, and refuses one with another format.
func (d *disk) checkFormat(isNew bool) error {
	if isNew {
		return d.db.Set(formatKey, []byte(format), pebble.Sync)
	}
	switch found, err := d.get(formatKey); {
	case err != nil:
		return unusable(d.dir, err)
	case found == nil:
		return unusable(d.dir, errors.New("not the state of a local cloud"))
	case string(found) != format:
		return unusable(d.dir, fmt.Errorf("written by another version of the local cloud (format %s, this version reads %s)", found, format))
	}
	return nil
}

func (d *disk) apply(ops []op) error {
	if err := d.check(ops); err != nil {
		return err
	}
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

// check refuses changes that would be lost.
func (d *disk) check(ops []op) error {
	if err := d.present(); err != nil {
		return err
	}
	needed := uint64(reserve / 4)
	for _, o := range ops {
		if !o.deletes() {
			needed = reserve
		}
	}
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

// sync adds an empty entry to the log and waits for it.
func (d *disk) sync() error {
	if err := d.use(func() error { return d.db.LogData(nil, pebble.Sync) }); err != nil {
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
			return err
		}
		value = append([]byte{}, found...) // not nil, even if empty
		return closer.Close()
	})
	return value, err
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
			return err
		}
		walk(it)
		return errors.Join(it.Error(), it.Close())
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

func (d *disk) erase() error {
	return d.use(func() error { return d.db.Compact(context.Background(), []byte{0}, []byte{0xff}, false) })
}
