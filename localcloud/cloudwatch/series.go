package cloudwatch

import (
	"cmp"
	"math"
	"slices"
)

// series is the data of one metric in one unit: buckets of a second and, for older
// data, of a minute, ordered by time.
type series struct {
	unit    string
	fine    bool // has data points with a storage resolution of one second
	buckets []bucket
	all     *metrics // counts the buckets
}

// bucket aggregates the values of a second or a minute.
type bucket struct {
	start            int64 // in seconds since 1970
	count, sum       float64
	minimum, maximum float64
	values           []weighted // sorted; for percentiles
	// opaque means that only the statistics of some values are known.
	opaque bool
}

// weighted is a value and how often it occurred.
type weighted struct{ value, count float64 }

// Limits of the distinct values of a bucket. While a second lasts, all are kept; once it
// is over, or there are too many, those that are close to each other become one, unless
// they are few. Otherwise, the memory would grow with the number of requests.
const (
	maxValues   = 500
	exactValues = 20
	resolution  = 1.1 // the ratio of neighbouring values, that of CloudWatch's agent
)

// add adds a value that occurred count times.
func (s *series) add(at int64, value, count float64) {
	s.at(at).merge(value, value, value*count, count, []weighted{{value, count}}, false)
}

// addStatistics adds values of which only the statistics are known. Percentiles need
// the values, unless they are all equal.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
func (s *series) addStatistics(at int64, minimum, maximum, sum, count float64) {
	equal := minimum == maximum
	var values []weighted
	if equal {
		values = []weighted{{minimum, count}}
	}
	s.at(at).merge(minimum, maximum, sum, count, values, !equal)
}

// at returns the bucket of a moment, and creates it if necessary.
func (s *series) at(second int64) *bucket {
	n := len(s.buckets)
	if n > 0 && s.buckets[n-1].start == second {
		return &s.buckets[n-1]
	}
	if n == 0 || s.buckets[n-1].start < second {
		if n > 0 {
			s.buckets[n-1].coarsen()
		}
		s.compactSome(second)
		s.all.buckets++
		s.buckets = append(s.buckets, bucket{start: second})
		return &s.buckets[len(s.buckets)-1]
	}
	i := s.search(second)
	if s.buckets[i].start != second {
		s.all.buckets++
		s.buckets = slices.Insert(s.buckets, i, bucket{start: second})
	}
	return &s.buckets[i]
}

func (b *bucket) merge(minimum, maximum, sum, count float64, values []weighted, opaque bool) {
	if b.count == 0 {
		b.minimum, b.maximum = minimum, maximum
	}
	b.minimum, b.maximum = min(b.minimum, minimum), max(b.maximum, maximum)
	b.sum += sum
	b.count += count
	b.opaque = b.opaque || opaque
	for _, v := range values {
		b.countValue(v)
	}
}

// countValue adds a value to those for percentiles.
func (b *bucket) countValue(v weighted) {
	i, found := slices.BinarySearchFunc(b.values, v.value, func(w weighted, value float64) int { return cmp.Compare(w.value, value) })
	if found {
		b.values[i].count += v.count
		return
	}
	b.values = slices.Insert(b.values, i, v)
	if len(b.values) > maxValues {
		b.coarsen()
	}
}

// coarsen merges values that are close to each other, unless there are only a few, and
// frees memory that is not needed. Values change by at most 5%, and not beyond the
// minimum and the maximum.
func (b *bucket) coarsen() {
	merged := b.values
	if len(b.values) > exactValues {
		merged = b.values[:0]
		for _, v := range b.values {
			v.value = min(max(rounded(v.value), b.minimum), b.maximum)
			if n := len(merged); n > 0 && merged[n-1].value == v.value {
				merged[n-1].count += v.count
			} else {
				merged = append(merged, v)
			}
		}
	}
	b.values = slices.Clone(merged)
}

// rounded rounds a value to a power of the resolution.
func rounded(v float64) float64 {
	if v == 0 {
		return 0
	}
	exponent := math.Round(math.Log(math.Abs(v)) / math.Log(resolution))
	return math.Copysign(math.Pow(resolution, exponent), v)
}

// compactSome merges old seconds into minutes and drops old minutes. To make that cheap
// on average, it does so only once there are ten minutes of either.
func (s *series) compactSome(now int64) {
	const slack = 10 * 60
	if s.first() < now-keptMinutes-slack {
		s.forget(now - keptMinutes)
	}
	kept := int64(keptSeconds)
	if s.fine {
		kept = keptFineSeconds
	}
	i := s.search(now - kept - slack)
	if i > 0 && s.buckets[i-1].start%60 != 0 {
		s.compact(now - kept)
	}
}

// search returns the index of the first bucket that starts at or after a moment.
func (s *series) search(at int64) int {
	i, _ := slices.BinarySearchFunc(s.buckets, at, func(b bucket, at int64) int { return cmp.Compare(b.start, at) })
	return i
}

func (s *series) first() int64 {
	if len(s.buckets) == 0 {
		return math.MaxInt64
	}
	return s.buckets[0].start
}

// compact merges the seconds before a moment into minutes.
func (s *series) compact(before int64) {
	before -= before % 60
	kept := s.buckets[:0]
	for _, b := range s.buckets {
		minute := b.start - b.start%60
		switch n := len(kept); {
		case b.start >= before:
			kept = append(kept, b)
		case n > 0 && kept[n-1].start == minute:
			kept[n-1].merge(b.minimum, b.maximum, b.sum, b.count, b.values, b.opaque)
		default:
			b.start = minute
			kept = append(kept, b)
		}
	}
	s.keep(kept)
}

// forget drops what is older than a moment.
func (s *series) forget(before int64) {
	s.keep(slices.DeleteFunc(s.buckets, func(b bucket) bool { return b.start < before }))
}

func (s *series) keep(buckets []bucket) {
	s.all.buckets += len(buckets) - len(s.buckets)
	clear(s.buckets[len(buckets):])
	s.buckets = buckets
}

// between returns the aggregate of the buckets that start in [from, to), in seconds,
// of all the series. Its count is 0 if there is no data.
func between(all []*series, from, to int64) bucket {
	sum := bucket{start: from}
	for _, s := range all {
		for _, b := range s.buckets[s.search(from):] {
			if b.start >= to {
				break
			}
			sum.merge(b.minimum, b.maximum, b.sum, b.count, b.values, b.opaque)
		}
	}
	return sum
}
