package store

import (
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// commitDelay is how long an Append waits for others that share its commit.
const commitDelay = 2 * time.Millisecond

// diskSeries is a Series on disk. Its bucket contains one bucket for each key,
// which contains two more: the points by Mark, and the marks by Seq.
type diskSeries struct {
	db   *bbolt.DB
	name []byte
}

const byTime, byArrival = "time", "arrival"

func newDiskSeries(db *bbolt.DB, name string) (*diskSeries, error) {
	db.MaxBatchDelay = commitDelay
	d := &diskSeries{db, []byte(name)}
	return d, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(d.name)
		return err
	})
}

func (d *diskSeries) Append(key string, points []Point) error {
	if len(points) == 0 {
		return nil // without points, the key's bucket would lack the two inner buckets
	}
	return d.wrap(key, d.db.Batch(func(tx *bbolt.Tx) error {
		root := tx.Bucket(d.name)
		b, err := root.CreateBucketIfNotExists([]byte(key))
		if err != nil {
			return err
		}
		for _, p := range points {
			// The sequence belongs to the root, so a recreated key reuses no number.
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
	times, err := b.CreateBucketIfNotExists([]byte(byTime))
	if err != nil {
		return err
	}
	arrivals, err := b.CreateBucketIfNotExists([]byte(byArrival))
	if err != nil {
		return err
	}
	if err := times.Put(p.key(), p.Data); err != nil {
		return err
	}
	return arrivals.Put(bigEndian(p.Seq), p.key())
}

func (d *diskSeries) Ascend(key string, from Mark, visit func(Point) bool) error {
	return d.view(key, func(times, _ *bbolt.Bucket) {
		c := times.Cursor()
		for k, v := c.Seek(from.key()); k != nil && visit(Point{parseMark(k), v}); k, v = c.Next() {
		}
	})
}

func (d *diskSeries) Descend(key string, before Mark, visit func(Point) bool) error {
	return d.view(key, func(times, _ *bbolt.Bucket) {
		c := times.Cursor()
		last := c.Prev
		if k, _ := c.Seek(before.key()); k == nil {
			last = c.Last
		}
		for k, v := last(); k != nil && visit(Point{parseMark(k), v}); k, v = c.Prev() {
		}
	})
}

func (d *diskSeries) Arrivals(key string, after uint64, visit func(Point) bool) error {
	return d.view(key, func(times, arrivals *bbolt.Bucket) {
		c := arrivals.Cursor()
		for k, v := c.Seek(bigEndian(after + 1)); k != nil && visit(Point{parseMark(v), times.Get(v)}); k, v = c.Next() {
		}
	})
}

func (d *diskSeries) Trim(key string, before time.Time) error {
	return d.wrap(key, d.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(d.name).Bucket([]byte(key))
		if b == nil {
			return nil
		}
		end := Mark{Time: before}
		arrivals, c := b.Bucket([]byte(byArrival)), b.Bucket([]byte(byTime)).Cursor()
		for k, _ := c.First(); k != nil && parseMark(k).Compare(end) < 0; k, _ = c.First() {
			if err := arrivals.Delete(bigEndian(parseMark(k).Seq)); err != nil {
				return err
			}
			if err := c.Delete(); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (d *diskSeries) Drop(key string) error {
	return d.wrap(key, d.db.Update(func(tx *bbolt.Tx) error {
		err := tx.Bucket(d.name).DeleteBucket([]byte(key))
		if errors.Is(err, bbolterrors.ErrBucketNotFound) {
			return nil
		}
		return err
	}))
}

// view calls read with the two buckets of a key, if the key has points.
func (d *diskSeries) view(key string, read func(times, arrivals *bbolt.Bucket)) error {
	return d.wrap(key, d.db.View(func(tx *bbolt.Tx) error {
		if b := tx.Bucket(d.name).Bucket([]byte(key)); b != nil {
			read(b.Bucket([]byte(byTime)), b.Bucket([]byte(byArrival)))
		}
		return nil
	}))
}

func (d *diskSeries) wrap(key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("series %s, key %s: %w", d.name, key, err)
}
