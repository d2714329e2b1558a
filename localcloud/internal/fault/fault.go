// Package fault makes a local cloud do what AWS documents as possible, more often than AWS
// does, for tests of programs that must cope with it. It decides; the services act.
//
//   - SNS delivers a message at least once, and in best-effort order:
//     https://aws.amazon.com/sns/features/
//   - Standard queues of SQS, too, deliver at least once and in best-effort order, and a
//     visibility timeout is no guarantee against a second receive:
//     https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html
//   - Lambda may pass an asynchronous event to a function several times "even if your
//     function doesn't return an error", and late:
//     https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
//   - Lambda "can occasionally experience transient service errors", after which events
//     are retried. The function's code "might have run completely, partially, or not at
//     all":
//     https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
//     https://docs.aws.amazon.com/lambda/latest/dg/invocation-retries.html
//   - A function takes as long as what it waits for, up to its timeout.
//   - DynamoDB throttles requests to a table, even one with capacity on demand, and can fail
//     with an internal server error:
//     https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TroubleshootingThrottling.html
//     https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
package fault

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Injector decides by a plan, which survives restarts and SIGKILL until it is cleared,
// so that a test can combine them with faults. It implements [cloud.Faults].
type Injector struct {
	journal cloud.Journal
	stored  *store.Table[Plan] // at most one, with the key planKey

	mu     sync.Mutex // held while the plan changes
	active atomic.Pointer[active]
}

const planKey = "plan"

// active is a plan in effect.
type active struct {
	Plan
	mu       sync.Mutex
	arrived  map[string]uint64 // messages by resource
	injected map[cloud.FaultKind]int
}

// New returns an injector with the plan in the store, if there is one.
func New(st *store.Store, journal cloud.Journal) (*Injector, error) {
	stored, err := store.NewTable[Plan](st, "faults")
	if err != nil {
		return nil, err
	}
	i := &Injector{journal: journal, stored: stored}
	if p, ok := stored.Get(planKey); ok {
		i.activate(p)
		i.note("", "faults are still set: %s", p)
	}
	return i, nil
}

func (i *Injector) activate(p Plan) {
	i.active.Store(&active{Plan: p, arrived: map[string]uint64{}, injected: map[cloud.FaultKind]int{}})
}

// Set replaces the plan, and returns once it is on disk. All counts begin again. It fails
// with the errors of Check.
func (i *Injector) Set(p Plan) error {
	if err := p.Check(); err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.stored.Put(planKey, p); err != nil {
		return err
	}
	i.activate(p)
	i.note("", "faults are set: %s", p)
	return nil
}

// Clear ends all faults. What they have held back arrives when it is due.
func (i *Injector) Clear() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.active.Load() == nil {
		return nil
	}
	if err := i.stored.Delete(planKey); err != nil {
		return err
	}
	i.active.Store(nil)
	i.note("", "faults are cleared")
	return nil
}

// Plan returns the plan and the numbers of faults injected since it was set or, if that
// is later, since the start. It returns false if there is no plan.
func (i *Injector) Plan() (p Plan, injected map[cloud.FaultKind]int, ok bool) {
	a := i.active.Load()
	if a == nil {
		return Plan{}, nil, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.Plan, maps.Clone(a.injected), true
}

// Number implements [cloud.Faults].
func (i *Injector) Number(service, resource string) uint64 {
	a := i.active.Load()
	if a == nil {
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	key := service + " " + resource
	a.arrived[key]++
	return a.arrived[key]
}

// Injected implements [cloud.Faults].
func (i *Injector) Injected(kind cloud.FaultKind, v cloud.Victim, format string, args ...any) {
	if a := i.active.Load(); a != nil {
		a.mu.Lock()
		a.injected[kind]++
		a.mu.Unlock()
	}
	i.note(v.Resource, "%s: %s", kind, fmt.Sprintf(format, args...))
}

func (i *Injector) note(resource, format string, args ...any) {
	i.journal.Append(cloud.Entry{Level: cloud.Info, Service: "fault", Resource: resource, Message: fmt.Sprintf(format, args...)})
}

// Decide implements [cloud.Faults].
func (i *Injector) Decide(kind cloud.FaultKind, v cloud.Victim) (cloud.Fault, bool) {
	a := i.active.Load()
	if a == nil {
		return cloud.Fault{}, false
	}
	return a.decide(kind, v)
}

// overtaking is how long a message is held back so that later ones overtake it.
const overtaking = 100 * time.Millisecond

func (p Plan) decide(kind cloud.FaultKind, v cloud.Victim) (cloud.Fault, bool) {
	f := cloud.Fault{Kind: kind}
	rate := 0.0
	switch kind {
	case cloud.FaultDuplicate:
		rate = p.Duplicate
	case cloud.FaultDelay:
		rate, f.Wait = p.Delay, p.DelayFor
	case cloud.FaultReorder:
		rate, f.Wait = p.Reorder, overtaking
	case cloud.FaultCrash:
		c := mostSpecific(p.Crashes, v.Resource)
		rate, f.Point = c.Rate, c.Point
	case cloud.FaultSlow:
		s := mostSpecific(p.Slow, v.Resource)
		rate, f.Wait = s.Rate, s.For
	case cloud.FaultThrottle:
		rate = mostSpecific(p.Throttles, v.Resource).Rate
	case cloud.FaultError:
		rate = mostSpecific(p.Errors, v.Resource).Rate
	}
	if rate == 0 {
		return cloud.Fault{}, false
	}
	rolls := p.roll(kind, v)
	if rolls[0] >= rate {
		return cloud.Fault{}, false
	}
	if kind == cloud.FaultCrash {
		f.Part = rolls[1]
		if f.Point == "" {
			f.Point = points[int(rolls[2]*float64(len(points)))]
		}
	}
	return f, true
}

// roll returns independent numbers from 0 to 1 that depend only on the arguments.
func (p Plan) roll(kind cloud.FaultKind, v cloud.Victim) (rolls [3]float64) {
	who := v.ID
	if v.Number > 0 {
		who = fmt.Sprint("#", v.Number)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%s\x00%s\x00%s\x00%s\x00%d",
		p.Seed, kind, v.Service, stem(v.Resource), stem(v.To), who, v.Attempt))
	for i := range rolls {
		rolls[i] = float64(binary.BigEndian.Uint64(sum[8*i:])>>11) / (1 << 53)
	}
	return rolls
}

// stem returns the name in an ARN or a name, without the suffix of autonaming, which
// differs in the next deployment.
func stem(resource string) string {
	return cloud.Stem(resource[strings.LastIndexByte(resource, ':')+1:])
}
