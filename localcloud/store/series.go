package store

import (
	"cmp"
	"encoding/binary"
	"time"
)

// Series is a durable append-only list of points for each of its keys, read in
// the order of the points' times or of their arrival.
// Methods may be called concurrently.
type Series interface {
	// Append adds points to a key, numbers them, and returns once they are on
	// disk. Concurrent calls share a commit.
	Append(key string, points []Point) error

	// Ascend visits the points of a key from a mark on, oldest first, until
	// visit returns false. visit must neither keep Data nor use the store.
	Ascend(key string, from Mark, visit func(Point) bool) error
	// Descend visits the points before a mark, newest first, as Ascend does.
	Descend(key string, before Mark, visit func(Point) bool) error
	// Arrivals visits the points whose Seq is greater than after, in the order of
	// their arrival, as Ascend does.
	Arrivals(key string, after uint64, visit func(Point) bool) error

	// Trim removes the points of a key that are older than before.
	Trim(key string, before time.Time) error
	// Drop removes a key with all its points. It is no error if there is none.
	Drop(key string) error
}

// NewSeries opens the series of that name, which is in memory if s is nil.
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

// Mark is a position in the order of time: that of a point, or one between two.
// The zero Mark is before every point.
type Mark struct {
	Time time.Time // from 1970 on, in milliseconds
	// Seq distinguishes points of the same time. Append numbers points in the
	// order of their arrival, from 1, over all keys, and never reuses a number.
	Seq uint64
}

// Compare orders marks.
func (m Mark) Compare(n Mark) int {
	return cmp.Or(cmp.Compare(m.millis(), n.millis()), cmp.Compare(m.Seq, n.Seq))
}

// millis returns the time as it is stored. Times before 1970 count as 1970.
func (m Mark) millis() uint64 { return uint64(max(m.Time.UnixMilli(), 0)) }

// key returns bytes that sort as the marks do.
func (m Mark) key() []byte { return append(bigEndian(m.millis()), bigEndian(m.Seq)...) }

func parseMark(key []byte) Mark {
	return Mark{
		Time: time.UnixMilli(int64(binary.BigEndian.Uint64(key))),
		Seq:  binary.BigEndian.Uint64(key[8:]),
	}
}

func bigEndian(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
