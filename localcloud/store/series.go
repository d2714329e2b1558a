package store

import (
	"cmp"
	"encoding/binary"
	"time"
)

// Series holds an append-only list of points for each key. Points are read in the
// order of their times or of their arrival. Methods may be called concurrently.
type Series interface {
	// Append numbers the points, adds them to a key, and returns once they are on
	// disk. Concurrent calls share a commit.
	Append(key string, points []Point) error

	// Ascend calls visit for the points of a key from a mark on, oldest first,
	// until visit returns false. visit must not retain Data or use the store.
	Ascend(key string, from Mark, visit func(Point) bool) error
	// Descend is like Ascend, for the points before a mark, newest first.
	Descend(key string, before Mark, visit func(Point) bool) error
	// Arrivals is like Ascend, for the points whose Seq is greater than after, in
	// the order of their arrival.
	Arrivals(key string, after uint64, visit func(Point) bool) error

	// Trim removes the points of a key that are older than before.
	Trim(key string, before time.Time) error
	// Drop removes a key and all its points. It is no error if the key has none.
	Drop(key string) error
}

// NewSeries opens the series with that name. If s is nil, the series is in memory.
func NewSeries(s *Store, name string) (Series, error) {
	if s == nil {
		return &memorySeries{points: map[string][]Point{}}, nil
	}
	return newDiskSeries(s.db, name)
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

// key returns the mark as bytes that sort in the order of marks.
func (m Mark) key() []byte { return append(bigEndian(m.millis()), bigEndian(m.Seq)...) }

func parseMark(key []byte) Mark {
	return Mark{
		Time: time.UnixMilli(int64(binary.BigEndian.Uint64(key))),
		Seq:  binary.BigEndian.Uint64(key[8:]),
	}
}

func bigEndian(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
