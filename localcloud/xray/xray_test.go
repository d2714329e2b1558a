package xray

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
)

// fake is an authorizer that allows what allowed reports, and a journal.
type fake struct {
	allowed func(cloud.Request) bool

	mu       sync.Mutex
	messages []string
}

func (f *fake) Authorize(_ context.Context, r cloud.Request) error {
	if f.allowed == nil || f.allowed(r) {
		return nil
	}
	return cloud.Errorf(403, "AccessDeniedException", "no")
}

func (f *fake) Append(e cloud.Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.messages = append(f.messages, e.Resource+": "+e.Message)
}

func (f *fake) CheckResourcePolicy(document string) error {
	if strings.Contains(document, "Statement") {
		return nil
	}
	return cloud.Errorf(400, "MalformedPolicyDocument", "no statement")
}

// open returns a service with fakes.
func open(t testing.TB, f *fake) *Service {
	t.Helper()
	s, err := New(Options{Authorizer: f, Policies: f, Journal: f})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	one = "1-581cf771-a006649127e371903a2de979"
	two = "1-581cf772-a006649127e371903a2de979"
)

// put stores documents, and fails the test unless all of them are valid.
func put(t *testing.T, s *Service, documents ...string) {
	t.Helper()
	unprocessed, err := s.PutSegments(t.Context(), cloud.Caller{}, documents...)
	if err != nil || len(unprocessed) > 0 {
		t.Fatalf("%+v, %v", unprocessed, err)
	}
}

// document returns a segment document with additional members.
func document(trace string, id int, start, end float64, more string) string {
	return fmt.Sprintf(`{"name":"f","id":"%016x","trace_id":%q,"start_time":%.3f,"end_time":%.3f%s}`, id, trace, start, end, more)
}

func TestTraces(t *testing.T) {
	s := open(t, &fake{})
	put(t, s,
		`{"name":"f","id":"0000000000000001","trace_id":"`+one+`","start_time":10.000,"in_progress":true}`,
		document(one, 3, 10.2, 10.3, `,"type":"subsegment","parent_id":"0000000000000002","namespace":"aws","fault":true`), // before its parent
		document(one, 2, 10.1, 10.4, `,"parent_id":"0000000000000001","subsegments":[{"id":"9"}]`),
		document(two, 1, 11, 11.5, `,"throttle":true,"error":true`),
	)
	if got := s.Summaries(time.Unix(10, 0), time.Unix(11, 0)); !cmp.Equal(got, []Summary{
		{ID: two, Duration: 0.5, ResponseTime: 0.5, HasError: true, HasThrottle: true},
		{ID: one, Duration: 0.4, HasFault: true, IsPartial: true},
	}) {
		t.Errorf("summaries %+v", got)
	}
	put(t, s, document(one, 1, 10, 10.5, ""))
	if got := s.Summaries(time.Unix(10, 0), time.Unix(10, 5e8)); !cmp.Equal(got, []Summary{{ID: one, Duration: 0.5, ResponseTime: 0.5, HasFault: true}}) {
		t.Errorf("summaries %+v", got)
	}
	for range 2 { // reading changes nothing
		traces, unknown := s.Traces(one, "1-0-0")
		want := []Trace{{ID: one, Duration: 0.5, Segments: []Segment{
			{"0000000000000001", `{"end_time":10.500,"id":"0000000000000001","name":"f","start_time":10.000,"trace_id":"` + one + `"}`},
			{"0000000000000002", `{"end_time":10.400,"id":"0000000000000002","name":"f","parent_id":"0000000000000001","start_time":10.100,` +
				`"subsegments":[{"id":"9"},{"end_time":10.300,"fault":true,"id":"0000000000000003","name":"f","namespace":"aws","parent_id":"0000000000000002",` +
				`"start_time":10.200,"trace_id":"` + one + `","type":"subsegment"}],"trace_id":"` + one + `"}`},
		}}}
		if diff := cmp.Diff(want, traces); diff != "" || !slices.Equal(unknown, []string{"1-0-0"}) {
			t.Errorf("unknown %v, traces %s", unknown, diff)
		}
	}
}

func TestRefusals(t *testing.T) {
	s := open(t, &fake{})
	valid := document(one, 1, 1, 2, "")
	for document, want := range map[string]string{
		"":   "ParseError",
		"[]": "ParseError",
		`{}`: "MissingId",
		strings.Replace(valid, "2.000", `"2"`, 1):                                       "ParseError",
		valid[:len(valid)-1] + `,"x":"` + strings.Repeat("x", maxDocument) + `"}`:       "ParseError",
		strings.Replace(valid, "0000000000000001", "1", 1):                              "InvalidId",
		strings.Replace(valid, `"f"`, `"f<"`, 1):                                        "InvalidName",
		strings.Replace(valid, `"f"`, `"`+strings.Repeat("f", 201)+`"`, 1):              "InvalidName",
		strings.Replace(valid, `"name":"f",`, "", 1):                                    "MissingName",
		strings.Replace(valid, one, "1-581cf771-A006649127e371903a2de979", 1):           "InvalidTraceId",
		strings.Replace(valid, one, "", 1):                                              "MissingTraceId",
		strings.Replace(valid, `"f"`, `"f","type":"subsegment"`, 1):                     "MissingParentId",
		strings.Replace(valid, `"f"`, `"f","type":"segment"`, 1):                        "InvalidType",
		strings.Replace(valid, `"f"`, `"f","namespace":"local"`, 1):                     "InvalidNamespace",
		strings.Replace(valid, `"start_time":1.000,`, "", 1):                            "MissingStartTime",
		strings.Replace(valid, `,"end_time":2.000`, "", 1):                              "MissingEndTime",
		strings.Replace(valid, `"f"`, `"Añadir números 7_.:/%&#=+\\-@"`, 1):             "",
		strings.Replace(valid, `,"end_time":2.000`, `,"in_progress":true`, 1):           "",
		strings.Replace(valid, `"f"`, `"f","type":"subsegment","parent_id":"0a"`, 1):    "InvalidParentId",
		strings.Replace(valid, `"f"`, `"f","parent_id":"00000000000000ab"`, 1):          "",
		valid[:len(valid)-1] + `,"annotations":{"x":"y"},"origin":"AWS::Lambda","n":1}`: "",
	} {
		unprocessed, err := s.PutSegments(t.Context(), cloud.Caller{}, document)
		got := ""
		if len(unprocessed) > 0 {
			got = unprocessed[0].ErrorCode
		}
		if err != nil || got != want {
			t.Errorf("%.200s: %q, %v, want %q", document, got, err, want)
		}
	}
	if got, _ := s.PutSegments(t.Context(), cloud.Caller{}, `{"id":"0000000000000001"}`); !cmp.Equal(got, []cloud.UnprocessedSegment{
		{ID: "0000000000000001", ErrorCode: "MissingName", Message: "Invalid segment. ErrorCode: MissingName"},
	}) {
		t.Errorf("%+v", got)
	}
}

// TestBounds proves that neither many traces nor a large one take more memory than
// documented.
func TestBounds(t *testing.T) {
	s := open(t, &fake{})
	large := `,"metadata":"` + strings.Repeat("x", 60_000) + `"`
	for i := range 20 {
		put(t, s, document(one, i, 1, 2, large))
	}
	traces, _ := s.Traces(one)
	if len(traces[0].Segments) != 8 || !traces[0].LimitExceeded {
		t.Errorf("%d segments, limit exceeded: %t", len(traces[0].Segments), traces[0].LimitExceeded)
	}
	for i := range maxTraces {
		put(t, s, document(fmt.Sprintf("1-%08x-a006649127e371903a2de979", i), 1, 3, 4, ""))
	}
	if _, unknown := s.Traces(one); len(unknown) != 1 || len(s.traces) != maxTraces {
		t.Errorf("%d traces, among them the oldest", len(s.traces))
	}
}

func TestDaemon(t *testing.T) {
	caller := cloud.Caller{UserID: "role"}
	f := &fake{allowed: func(r cloud.Request) bool {
		return r.Caller.UserID == "role" && r.Action == "xray:PutTraceSegments" && r.Resource == "*"
	}}
	s := open(t, f)
	const header = `{"format": "json", "version": 1}` + "\n"
	// send sends packets to the daemon of a function, and closes it.
	send := func(caller cloud.Caller, packets ...string) {
		t.Helper()
		d, err := s.Daemon(caller, "add")
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("udp", d.Address())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for _, packet := range packets {
			if _, err := conn.Write([]byte(packet)); err != nil {
				t.Fatal(err)
			}
		}
		d.Close()
	}
	send(caller, "", "{}", `{"format":"json","version":2}`+"\n"+document(one, 1, 1, 2, ""), header+"{}", header+document(one, 2, 1, 2, ""))
	send(cloud.Caller{}, header+document(one, 3, 1, 2, ""), header+document(one, 4, 1, 2, ""))
	traces, _ := s.Traces(one)
	if len(traces) != 1 || len(traces[0].Segments) != 1 || traces[0].Segments[0].ID != "0000000000000002" {
		t.Errorf("traces %+v", traces)
	}
	const bad = `add: a trace is lost: the packet does not start with the header {"format": "json", "version": 1}`
	want := []string{bad, bad, bad, `add: a trace is lost: segment "": Invalid segment. ErrorCode: MissingId`, "add: no traces from this environment: AccessDeniedException: no"}
	if diff := cmp.Diff(want, f.messages); diff != "" {
		t.Error(diff)
	}
}

// TestResourcePolicies proves that every policy applies to every request, and that AWS's
// limits are kept.
func TestResourcePolicies(t *testing.T) {
	var policy string
	f := &fake{allowed: func(r cloud.Request) bool { policy = r.ResourcePolicy; return true }}
	s := open(t, f)
	put(t, s)
	if policy != "" {
		t.Errorf("policy %s", policy)
	}
	set := func(name, document, revision, code string) {
		t.Helper()
		if _, err := s.PutResourcePolicy(name, document, revision); cloud.ErrorCode(err) != code {
			t.Errorf("policy %s: %v, want %s", name, err, code)
		}
	}
	set("a", `{"Statement":{"Sid":"x","Effect":"Allow"}}`, "0", "")
	set("b", `{"Statement":[{"Sid":"x","Effect":"Deny"},{"Effect":"Allow"}]}`, "", "")
	put(t, s)
	if want := `{"Statement":[{"Effect":"Allow"},{"Effect":"Deny"},{"Effect":"Allow"}],"Version":"2012-10-17"}`; policy != want {
		t.Errorf("policy %s, want %s", policy, want)
	}
	set("a", `{"Statement":[]}`, "0", "InvalidPolicyRevisionIdException")
	set("a", `{"Statement":[]}`, "1", "")
	set("a b", `{"Statement":[]}`, "", "InvalidRequestException")
	set(strings.Repeat("a", 129), `{"Statement":[]}`, "", "InvalidRequestException")
	set("c", `{}`, "", "MalformedPolicyDocumentException")
	set("c", `{"Statement":[]`+strings.Repeat(" ", maxPolicyBytes)+`}`, "", "PolicySizeLimitExceededException")
	for _, name := range []string{"c", "d", "e"} {
		set(name, `{"Statement":[]}`, "", "")
	}
	set("f", `{"Statement":[]}`, "", "PolicyCountLimitExceededException")
	if err := s.DeleteResourcePolicy("b"); err != nil {
		t.Fatal(err)
	}
	if put(t, s); policy != "" || len(s.ResourcePolicies()) != 4 {
		t.Errorf("policy %s, policies %+v", policy, s.ResourcePolicies())
	}
}

func FuzzDocument(f *testing.F) {
	f.Add(document(one, 1, 1, 2, ""))
	f.Add(`{"name":"f","id":"0000000000000001","trace_id":"` + one + `","parent_id":"0000000000000001","type":"subsegment","start_time":1e300,"end_time":2,"subsegments":7}`)
	f.Fuzz(func(t *testing.T, document string) {
		s := open(t, &fake{})
		for range 2 {
			if _, err := s.PutSegments(t.Context(), cloud.Caller{}, document); err != nil {
				t.Fatal(err)
			}
		}
		for _, summary := range s.Summaries(time.Time{}, time.Now()) {
			s.Traces(summary.ID)
		}
	})
}
