package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// Series is, for each of its keys, a durable append-only list of points. It is
// read either in the order of the points' times or in the order they arrived.
// Nothing of it is held in memory (except by the store that forgets), and
// methods may be called concurrently.
type Series struct {
	store *Store
	name  []byte

	mu     sync.RWMutex
	seq    uint64             // of the store that forgets
	memory map[string][]Point // of the store that forgets, in order of arrival
}

// Point is one entry of a Series.
type Point struct {
	Mark
	Data []byte
}

// Mark is a place in the order of time: that of a point, or one between two.
// The zero Mark stands before every point.
type Mark struct {
	Time time.Time // from 1970 on, in milliseconds
	// Seq tells points of one time apart. Append numbers points in the order
	// they arrive, from 1 up, over all keys, and never gives a number twice.
	Seq uint64
}

// Compare orders marks.
func (m Mark) Compare(n Mark) int {
	return cmp.Or(cmp.Compare(m.millis(), n.millis()), cmp.Compare(m.Seq, n.Seq))
}

// millis is the time as it is kept; what is before 1970 counts as 1970.
func (m Mark) millis() uint64 { return uint64(max(m.Time.UnixMilli(), 0)) }

// key sorts as the mark does.
func (m Mark) key() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, m.millis()), m.Seq)
}

func parseMark(key []byte) Mark {
	return Mark{
		Time: time.UnixMilli(int64(binary.BigEndian.Uint64(key))),
		Seq:  binary.BigEndian.Uint64(key[8:]),
	}
}

// Each key has a bucket of these two: the points by Mark, and by arrival (Seq)
// the keys of the first.
var byTime, byArrival = []byte("time"), []byte("arrival")

// commitDelay is how long an Append waits for others to share its commit with.
const commitDelay = 2 * time.Millisecond

// NewSeries opens the series of that name.
func NewSeries(s *Store, name string) (*Series, error) {
	r := &Series{store: s, name: []byte(name), memory: map[string][]Point{}}
	if s == nil {
		return r, nil
	}
	s.db.MaxBatchDelay = commitDelay
	return r, s.db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(r.name)
		return err
	})
}

// Append adds points to a key, numbers them, and returns once they are on
// disk. Concurrent calls share one commit.
func (r *Series) Append(key string, points []Point) error {
	if r.store == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, p := range points {
			r.seq++
			p.Time, p.Seq = time.UnixMilli(int64(p.millis())), r.seq
			r.memory[key] = append(r.memory[key], p)
		}
		return nil
	}
	return r.wrap(key, r.store.db.Batch(func(tx *bbolt.Tx) error {
		root := tx.Bucket(r.name)
		b, err := root.CreateBucketIfNotExists([]byte(key))
		if err != nil {
			return err
		}
		for _, p := range points {
			if p.Seq, err = root.NextSequence(); err != nil {
				return err
			}
			if err := put(b, p); err != nil {
				return err
			}
		}
		return nil
	}))
}

func put(b *bbolt.Bucket, p Point) error {
	times, err := b.CreateBucketIfNotExists(byTime)
	if err != nil {
		return err
	}
	arrivals, err := b.CreateBucketIfNotExists(byArrival)
	if err != nil {
		return err
	}
	if err := times.Put(p.key(), p.Data); err != nil {
		return err
	}
	return arrivals.Put(binary.BigEndian.AppendUint64(nil, p.Seq), p.key())
}

// Ascend visits the points of a key from a mark on, oldest first, until visit
// returns false. visit must not keep Data, nor use the store.
func (r *Series) Ascend(key string, from Mark, visit func(Point) bool) error {
	if r.store == nil {
		points := r.sorted(key)
		i, _ := slices.BinarySearchFunc(points, from, comparePoint)
		each(points[i:], visit)
		return nil
	}
	return r.view(key, func(b *bbolt.Bucket) {
		c := b.Bucket(byTime).Cursor()
		for k, v := c.Seek(from.key()); k != nil && visit(Point{parseMark(k), v}); k, v = c.Next() {
		}
	})
}

// Descend visits the points of a key before a mark, newest first, as Ascend
// does.
func (r *Series) Descend(key string, before Mark, visit func(Point) bool) error {
	if r.store == nil {
		points := r.sorted(key)
		i, _ := slices.BinarySearchFunc(points, before, comparePoint)
		points = points[:i]
		slices.Reverse(points)
		each(points, visit)
		return nil
	}
	return r.view(key, func(b *bbolt.Bucket) {
		c := b.Bucket(byTime).Cursor()
		k, v := c.Seek(before.key())
		if k == nil {
			k, v = c.Last()
		} else {
			k, v = c.Prev()
		}
		for ; k != nil && visit(Point{parseMark(k), v}); k, v = c.Prev() {
		}
	})
}

// Arrivals visits the points of a key whose Seq is greater than after, in the
// order they arrived, as Ascend does.
func (r *Series) Arrivals(key string, after uint64, visit func(Point) bool) error {
	if r.store == nil {
		r.mu.RLock()
		points := slices.Clone(r.memory[key])
		r.mu.RUnlock()
		i, _ := slices.BinarySearchFunc(points, after+1, func(p Point, seq uint64) int { return cmp.Compare(p.Seq, seq) })
		each(points[i:], visit)
		return nil
	}
	return r.view(key, func(b *bbolt.Bucket) {
		times, c := b.Bucket(byTime), b.Bucket(byArrival).Cursor()
		k, v := c.Seek(binary.BigEndian.AppendUint64(nil, after+1))
		for ; k != nil && visit(Point{parseMark(v), times.Get(v)}); k, v = c.Next() {
		}
	})
}

// Trim removes the points of a key that are older than before.
func (r *Series) Trim(key string, before time.Time) error {
	end := Mark{Time: before}
	if r.store == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.memory[key] = slices.DeleteFunc(r.memory[key], func(p Point) bool { return p.Compare(end) < 0 })
		return nil
	}
	return r.wrap(key, r.store.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(r.name).Bucket([]byte(key))
		if b == nil {
			return nil
		}
		arrivals, c := b.Bucket(byArrival), b.Bucket(byTime).Cursor()
		for k, _ := c.First(); k != nil && parseMark(k).Compare(end) < 0; k, _ = c.First() {
			if err := arrivals.Delete(binary.BigEndian.AppendUint64(nil, parseMark(k).Seq)); err != nil {
				return err
			}
			if err := c.Delete(); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Drop removes a key with all its points; one that does not exist is no error.
func (r *Series) Drop(key string) error {
	if r.store == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.memory, key)
		return nil
	}
	return r.wrap(key, r.store.db.Update(func(tx *bbolt.Tx) error {
		err := tx.Bucket(r.name).DeleteBucket([]byte(key))
		if errors.Is(err, bbolterrors.ErrBucketNotFound) {
			return nil
		}
		return err
	}))
}

// view reads the bucket of a key, if there is one.
func (r *Series) view(key string, read func(*bbolt.Bucket)) error {
	return r.wrap(key, r.store.db.View(func(tx *bbolt.Tx) error {
		if b := tx.Bucket(r.name).Bucket([]byte(key)); b != nil {
			read(b)
		}
		return nil
	}))
}

// sorted is a copy of the points of a key, of the store that forgets, in the
// order of time.
func (r *Series) sorted(key string) []Point {
	r.mu.RLock()
	defer r.mu.RUnlock()
	points := slices.Clone(r.memory[key])
	slices.SortFunc(points, func(p, q Point) int { return p.Compare(q.Mark) })
	return points
}

func comparePoint(p Point, m Mark) int { return p.Compare(m) }

func each(points []Point, visit func(Point) bool) {
	for _, p := range points {
		if !visit(p) {
			return
		}
	}
}

func (r *Series) wrap(key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("series %s, key %s: %w", r.name, key, err)
}
