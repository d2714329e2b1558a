package cloudwatch

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

var here = cloud.Place{Region: "us-east-1", Account: "000000000000"}

// kit is a Service and the journal that it writes to.
type kit struct {
	*Service
	mu      sync.Mutex
	entries []string
}

func (k *kit) Append(e cloud.Entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.entries = append(k.entries, string(e.Level)+" "+e.Resource+": "+e.Message)
}

func newKit(t testing.TB, o Options) *kit {
	t.Helper()
	k := &kit{}
	o.Place, o.Journal = here, k
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	k.Service = s
	return k
}

// errorsOf is an alarm on errors of the function f: one in a minute.
func errorsOf(f string) Alarm {
	one := 1.0
	return Alarm{
		Name: f + "-errors", Comparison: "GreaterThanOrEqualToThreshold", Threshold: &one, EvaluationPeriods: 1, MissingData: "notBreaching", ActionsEnabled: true,
		MetricStat: MetricStat{Metric: Metric{"AWS/Lambda", "Errors", []cloud.Dimension{{Name: "FunctionName", Value: f}}}, Period: 60, Stat: "Sum"},
	}
}

func (k *kit) put(t testing.TB, a Alarm) {
	t.Helper()
	if _, err := k.PutAlarm(a); err != nil {
		t.Fatal(err)
	}
}

func (k *kit) state(t testing.TB, name string) State {
	t.Helper()
	a, err := k.Alarm(name)
	if err != nil {
		t.Fatal(err)
	}
	return a.State
}

// fail reports an error of the function f.
func (k *kit) fail(f string) {
	k.Report("AWS/Lambda", time.Now(), [][]cloud.Dimension{nil, {{Name: "FunctionName", Value: f}}}, []cloud.MetricValue{{Name: "Errors", Unit: "Count", Value: 1}})
}

// TestAlarmOverTime follows an alarm from its creation through an error and back.
func TestAlarmOverTime(t *testing.T) {
	for _, pace := range []cloud.Pace{1, 60} {
		synctest.Test(t, func(t *testing.T) {
			minute := pace.Wait(time.Minute)
			k := newKit(t, Options{Pace: pace})
			k.Start()
			defer k.Close()
			time.Sleep(minute / 2)
			k.put(t, errorsOf("f"))
			if s := k.state(t, "f-errors"); s.Value != StateInsufficient {
				t.Errorf("at first: %+v", s)
			}
			time.Sleep(minute)
			if s := k.state(t, "f-errors"); s.Value != StateOK {
				t.Errorf("without data: %+v", s)
			}
			k.fail("f")
			k.fail("g")
			time.Sleep(minute)
			s := k.state(t, "f-errors")
			if s.Value != StateAlarm || !strings.HasPrefix(s.Reason, "Threshold Crossed: 1 out of the last 1 datapoints [1.0 (01/01/00 00:0") {
				t.Errorf("after an error: %+v", s)
			}
			time.Sleep(4 * minute) // the evaluation range has 3 periods
			if s := k.state(t, "f-errors"); s.Value != StateOK {
				t.Errorf("after a while: %+v", s)
			}
			var changes []string
			for _, item := range k.History(HistoryFilter{Alarm: "f-errors", Ascending: true}) {
				changes = append(changes, item.Summary)
			}
			want := []string{`Alarm "f-errors" created`, "Alarm updated from INSUFFICIENT_DATA to OK", "Alarm updated from OK to ALARM", "Alarm updated from ALARM to OK"}
			if !slices.Equal(changes, want) {
				t.Errorf("history %q", changes)
			}
			synctest.Wait()
			if len(k.entries) != 2 || !strings.HasPrefix(k.entries[0], "warning f-errors: ALARM, was OK: Threshold Crossed") {
				t.Errorf("journal %q", k.entries)
			}
		})
	}
}

// TestAlarmThatHolds checks an alarm that ignores missing data, as those on queues do.
func TestAlarmThatHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var messages atomic.Int64
		var k *kit
		k = newKit(t, Options{Sample: func(at time.Time) {
			if n := messages.Load(); n >= 0 {
				k.Report("AWS/SQS", at, [][]cloud.Dimension{{{Name: "QueueName", Value: "q"}}}, []cloud.MetricValue{{Name: "Visible", Unit: "Count", Value: float64(n)}})
			}
		}})
		a := errorsOf("q")
		a.Metric, a.Stat, a.MissingData = Metric{"AWS/SQS", "Visible", []cloud.Dimension{{Name: "QueueName", Value: "q"}}}, "Maximum", "ignore"
		k.put(t, a)
		k.Start()
		defer k.Close()
		for _, c := range []struct {
			messages int64 // negative for no data
			want     string
		}{{-1, StateInsufficient}, {0, StateOK}, {1, StateAlarm}, {-1, StateAlarm}, {0, StateOK}} {
			messages.Store(c.messages)
			time.Sleep(5 * time.Minute)
			if s := k.state(t, a.Name); s.Value != c.want {
				t.Errorf("%v messages: %+v, want %s", c.messages, s, c.want)
			}
		}
	})
}

// TestLateEvaluations checks that an alarm is raised by an error at a time when the
// machine was too busy to evaluate it.
func TestLateEvaluations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delay := 10 * time.Minute
		k := newKit(t, Options{Sample: func(time.Time) {
			time.Sleep(delay)
			delay = 0
		}})
		k.put(t, errorsOf("f"))
		k.Start()
		defer k.Close()
		time.Sleep(90 * time.Second)
		k.fail("f")
		time.Sleep(11 * time.Minute)
		raised := slices.ContainsFunc(k.History(HistoryFilter{}), func(h HistoryItem) bool { return h.Summary == "Alarm updated from OK to ALARM" })
		if s := k.state(t, "f-errors"); s.Value != StateOK || !raised {
			t.Errorf("raised: %t, then %+v", raised, s)
		}
	})
}

// TestClockOfTheMachine sets the machine's clock back by an hour, and ahead by three days.
// Within two minutes, an alarm is raised by an error after that. The alarms are evaluated
// about once a minute, before and after.
func TestClockOfTheMachine(t *testing.T) {
	for name, step := range map[string]time.Duration{"back": -time.Hour, "ahead": 72 * time.Hour, "a little ahead": 90 * time.Second, "not at all": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var evaluations, stepped atomic.Int64
				k := newKit(t, Options{Sample: func(time.Time) { evaluations.Add(1) }})
				k.wall = func() time.Time { return time.Now().Add(time.Duration(stepped.Load())) }
				k.put(t, errorsOf("f"))
				k.Start()
				defer k.Close()
				time.Sleep(3*time.Hour + 30*time.Second) // in the middle of a minute
				evaluations.Store(0)
				stepped.Store(int64(step))
				k.Report("AWS/Lambda", k.wall(), [][]cloud.Dimension{{{Name: "FunctionName", Value: "f"}}}, []cloud.MetricValue{{Name: "Errors", Unit: "Count", Value: 1}})
				time.Sleep(2 * time.Minute)
				raised := slices.ContainsFunc(k.History(HistoryFilter{}), func(h HistoryItem) bool { return h.Summary == "Alarm updated from OK to ALARM" })
				if n := evaluations.Load(); !raised || n > 5 {
					t.Errorf("raised: %t, after %d evaluations", raised, n)
				}
				time.Sleep(10 * time.Minute)
				if s, n := k.state(t, "f-errors"), evaluations.Load(); s.Value != StateOK || n < 10 || n > 15 {
					t.Errorf("twelve minutes later: %+v, after %d evaluations", s, n)
				}
			})
		})
	}
}

// TestAlarmOnAnExpression checks that rates are those of AWS at any pace.
func TestAlarmOnAnExpression(t *testing.T) {
	for _, pace := range []cloud.Pace{1, 60} {
		synctest.Test(t, func(t *testing.T) {
			k := newKit(t, Options{Pace: pace})
			a := errorsOf("f")
			stat := a.MetricStat
			a.MetricStat = MetricStat{}
			a.Queries = []Query{{ID: "m", Stat: &stat}, {ID: "e", Expression: "FILL(m, 0) / PERIOD(m) * 60", ReturnData: true}}
			k.put(t, a)
			bad := a
			bad.Name, bad.Queries = "band", []Query{{ID: "e", Expression: "ANOMALY_DETECTION_BAND(m)", ReturnData: true}}
			k.put(t, bad)
			k.fail("f")
			k.Start()
			defer k.Close()
			time.Sleep(pace.Wait(90 * time.Second))
			if s := k.state(t, a.Name); s.Value != StateAlarm {
				t.Errorf("pace %v: %+v", pace, s)
			}
			if s := k.state(t, "band"); s.Value != StateInsufficient || !strings.Contains(s.Reason, "the local cloud does not evaluate") {
				t.Errorf("pace %v: %+v", pace, s)
			}
		})
	}
}

// TestAlarmsAreDurable checks that alarms and their states survive a restart.
func TestAlarmsAreDurable(t *testing.T) {
	dir := t.TempDir()
	open := func() (*kit, *store.Store) {
		st, err := store.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		return newKit(t, Options{Store: st}), st
	}
	k, st := open()
	k.put(t, errorsOf("f"))
	if err := k.SetState("f-errors", State{Value: StateAlarm, Reason: "drill"}); err != nil {
		t.Fatal(err)
	}
	changed := errorsOf("f")
	changed.EvaluationPeriods = 2
	stat := changed.MetricStat
	changed.Queries = []Query{{ID: "m", Stat: &stat, ReturnData: true}}
	changed, err := k.PutAlarm(changed)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	k, st = open()
	defer st.Close()
	a, err := k.Alarm("f-errors")
	if err != nil || a.State.Value != StateAlarm || len(k.History(HistoryFilter{})) != 3 {
		t.Errorf("after a restart: %+v, %v", a, err)
	}
	if diff := cmp.Diff(changed, a.Alarm); diff != "" {
		t.Errorf("after a restart (-want +got)\n%s", diff)
	}
}

func TestSetStateIsChecked(t *testing.T) {
	k := newKit(t, Options{})
	k.put(t, errorsOf("f"))
	for _, c := range []struct {
		name string
		to   State
		want string
	}{
		{"f-errors", State{Value: StateOK}, "ValidationError: The parameter StateReason is required."},
		{"f-errors", State{Value: "BAD", Reason: "r"}, "ValidationError: 1 validation error detected: Value 'BAD' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"},
		{"f-errors", State{Value: StateOK, Reason: "r", Data: "{"}, "InvalidFormat: StateReasonData is not valid JSON"},
		{"other", State{Value: StateOK, Reason: "r"}, "ResourceNotFound: Unknown alarm: other"},
	} {
		if err := k.SetState(c.name, c.to); fmt.Sprint(err) != c.want {
			t.Errorf("%v: %v", c.to, err)
		}
	}
	_, err := k.Alarms(AlarmFilter{Names: []string{"a"}, Prefix: "a"})
	if refused, ok := errors.AsType[*cloud.Error](err); !ok || refused.Code != "ValidationError" {
		t.Errorf("names and a prefix: %v", err)
	}
}
