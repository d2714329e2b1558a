package store

import (
	"slices"
	"sync"
	"time"
)

// memorySeries is a Series in memory. It holds points in the order of arrival;
// reads in another order sort a copy.
type memorySeries struct {
	mu     sync.Mutex
	seq    uint64
	points map[string][]Point
}

func (m *memorySeries) Append(key string, points []Point) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range points {
		m.seq++
		p.Mark = Mark{time.UnixMilli(int64(p.millis())), m.seq}
		m.points[key] = append(m.points[key], p)
	}
	return nil
}

func (m *memorySeries) Ascend(key string, from Mark, visit func(Point) bool) error {
	m.visit(key, visit, func(p Point) bool { return p.Compare(from) >= 0 }, func(p, q Point) int { return p.Compare(q.Mark) })
	return nil
}

func (m *memorySeries) Descend(key string, before Mark, visit func(Point) bool) error {
	m.visit(key, visit, func(p Point) bool { return p.Compare(before) < 0 }, func(p, q Point) int { return q.Compare(p.Mark) })
	return nil
}

func (m *memorySeries) Arrivals(key string, after uint64, visit func(Point) bool) error {
	m.visit(key, visit, func(p Point) bool { return p.Seq > after }, func(Point, Point) int { return 0 })
	return nil
}

// visit calls visit for the points that include selects, in the given order.
func (m *memorySeries) visit(key string, visit, include func(Point) bool, order func(p, q Point) int) {
	m.mu.Lock()
	points := slices.Clone(m.points[key])
	m.mu.Unlock()
	slices.SortStableFunc(points, order)
	for _, p := range points {
		if include(p) && !visit(p) {
			return
		}
	}
}

func (m *memorySeries) Trim(key string, before time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	end := Mark{Time: before}
	m.points[key] = slices.DeleteFunc(m.points[key], func(p Point) bool { return p.Compare(end) < 0 })
	return nil
}

func (m *memorySeries) Drop(key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.points, key)
	return nil
}
