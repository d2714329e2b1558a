package store

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"sync"
	"time"
)

// Series holds an append-only list of points for each key. Points are read in the
// order of their times or of their arrival. Methods may be called concurrently.
// Keys contain no zero byte.
type Series struct {
	store *Store
	name  string
	mu    sync.Mutex // held while points are numbered and applied
	seq   uint64     // of the last point
}

// NewSeries opens the series with that name.
func NewSeries(s *Store, name string) (*Series, error) {
	r := &Series{store: s.orMemory(), name: name}
	raw, err := r.store.engine.get(r.seqKey())
	if err == nil && raw != nil {
		r.seq = binary.BigEndian.Uint64(raw)
	}
	return r, err
}

// Point is one entry of a Series.
type Point struct {
	Mark
	Data []byte
}

// Mark is a position in the order of time: the position of a point or one between
// two points. The zero Mark is before every point.
type Mark struct {
	Time time.Time // from 1970 on, in milliseconds
	// Seq distinguishes points with the same time. Append numbers points in the
	// order of their arrival, starting at 1. All keys share one sequence, and
	// numbers are never reused.
	Seq uint64
}

// Compare orders marks by time and then by Seq.
func (m Mark) Compare(n Mark) int {
	return cmp.Or(cmp.Compare(m.millis(), n.millis()), cmp.Compare(m.Seq, n.Seq))
}

// millis returns the time as it is stored. Times before 1970 count as 1970.
func (m Mark) millis() uint64 { return uint64(max(m.Time.UnixMilli(), 0)) }

// markSize is the length of a mark as bytes.
const markSize = 16

// bytes returns the mark as bytes that sort in the order of marks.
func (m Mark) bytes() []byte { return append(bigEndian(m.millis()), bigEndian(m.Seq)...) }

func parseMark(raw []byte) Mark {
	return Mark{
		Time: time.UnixMilli(int64(binary.BigEndian.Uint64(raw))),
		Seq:  binary.BigEndian.Uint64(raw[8:]),
	}
}

func bigEndian(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// In the engine, a point has the key of its mark, and its mark the key of its Seq.
func (r *Series) seqKey() []byte                  { return storedKey("seq", r.name, "") }
func (r *Series) points(key string) []byte        { return storedKey("points", r.name, key+"\x00") }
func (r *Series) arrivals(key string) []byte      { return storedKey("arrivals", r.name, key+"\x00") }
func (r *Series) point(key string, m Mark) []byte { return append(r.points(key), m.bytes()...) }
func (r *Series) arrival(key string, seq uint64) []byte {
	return append(r.arrivals(key), bigEndian(seq)...)
}

// Append numbers the points and adds them to a key, and makes the other changes with
// them. They are visible when it returns, and soon on disk, like changes that
// Store.Apply makes.
func (r *Series) Append(key string, points []Point, others ...Change) error {
	if len(points) == 0 && len(others) == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	ops := make([]op, 0, 2*len(points)+1)
	for _, p := range points {
		r.seq++
		p.Seq = r.seq
		at := r.point(key, p.Mark)
		ops = append(ops, op{key: at, value: nonNil(p.Data)}, op{key: r.arrival(key, p.Seq), value: at[len(at)-markSize:]})
	}
	ops = append(ops, op{key: r.seqKey(), value: bigEndian(r.seq)})
	return r.wrap(key, r.store.Apply(append(others, Change{store: r.store, ops: ops})...))
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Ascend calls visit for the points of a key from a mark on, oldest first,
// until visit returns false. visit must not retain Data.
func (r *Series) Ascend(key string, from Mark, visit func(Point) bool) error {
	return r.wrap(key, r.store.engine.ascend(r.point(key, from), after(r.points(key)), onPoint(visit)))
}

// Descend is like Ascend, for the points before a mark, newest first.
func (r *Series) Descend(key string, before Mark, visit func(Point) bool) error {
	return r.wrap(key, r.store.engine.descend(r.points(key), r.point(key, before), onPoint(visit)))
}

func onPoint(visit func(Point) bool) func(k, v []byte) bool {
	return func(k, v []byte) bool { return visit(Point{parseMark(k[len(k)-markSize:]), v}) }
}

// Arrivals is like Ascend, for the points whose Seq is greater than last, in the
// order of their arrival.
func (r *Series) Arrivals(key string, last uint64, visit func(Point) bool) error {
	var failed error
	err := r.store.engine.ascend(r.arrival(key, last+1), after(r.arrivals(key)), func(_, mark []byte) bool {
		var data []byte
		data, failed = r.store.engine.get(append(r.points(key), mark...))
		if data == nil {
			return failed == nil // Trim has removed the point
		}
		return visit(Point{parseMark(mark), data})
	})
	return r.wrap(key, cmp.Or(err, failed))
}

// Trim removes the points of a key that are older than before. It takes little longer
// for many points, and others need not wait meanwhile.
func (r *Series) Trim(key string, before time.Time) error {
	end := Mark{Time: before}
	// Arrivals are removed up to the first of a point that remains. Those of other
	// removed points are removed later.
	kept := r.arrivals(key)
	all := true
	err := r.store.engine.ascend(kept, after(r.arrivals(key)), func(k, mark []byte) bool {
		kept = append(kept[:0], k...)
		all = parseMark(mark).Compare(end) < 0
		return all
	})
	if all {
		kept = append(kept, 0) // after the last one
	}
	if err == nil {
		err = r.store.Apply(Change{store: r.store, ops: []op{
			{key: r.points(key), end: r.point(key, end)},
			{key: r.arrivals(key), end: kept},
		}})
	}
	return r.wrap(key, err)
}

// Drop removes a key and all its points. It is no error if the key has none.
func (r *Series) Drop(key string) error {
	return r.wrap(key, r.store.Apply(Change{store: r.store, ops: []op{
		{key: r.points(key), end: after(r.points(key))},
		{key: r.arrivals(key), end: after(r.arrivals(key))},
	}}))
}

// Size estimates the bytes on disk of the points of a key that are not older than
// from. What was appended last may not be counted yet.
func (r *Series) Size(key string, from time.Time) (uint64, error) {
	n, err := r.store.engine.usage(r.point(key, Mark{Time: from}), after(r.points(key)))
	return n, r.wrap(key, err)
}

func (r *Series) wrap(key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("series %s, key %s: %w", r.name, key, err)
}
