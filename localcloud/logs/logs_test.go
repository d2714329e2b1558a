package logs_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/logs"
	"tally/localcloud/store"
)

func place() cloud.Place { return cloud.Place{Region: "us-east-1", Account: "000000000000"} }

type authorizer func(cloud.Request) error

func (a authorizer) Authorize(_ context.Context, r cloud.Request) error { return a(r) }

func allow(cloud.Request) error { return nil }

func open(t *testing.T, st *store.Store, a authorizer) *logs.Service {
	t.Helper()
	s, err := logs.New(place(), st, a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// write appends an event with the message "n" and the time n milliseconds after the
// epoch for each n in at.
func write(t *testing.T, s *logs.Service, group, stream string, at ...int) {
	t.Helper()
	var events []cloud.LogEvent
	for _, n := range at {
		events = append(events, cloud.LogEvent{Time: time.UnixMilli(int64(n)), Message: fmt.Sprint(n)})
	}
	if err := s.WriteLog(t.Context(), cloud.Caller{}, group, stream, events); err != nil {
		t.Error(err) // not Fatal: goroutines call write, too
	}
}

func messages(events []logs.Event) []string {
	var m []string
	for _, e := range events {
		m = append(m, e.Message)
	}
	return m
}

func wantError(t *testing.T, what string, err error, code, message string) {
	t.Helper()
	want := &cloud.Error{Code: code, Message: message, Status: 400}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

const noGroup = "The specified log group does not exist."

func TestGroups(t *testing.T) {
	dir := t.TempDir()
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, st, allow)
	for _, name := range []string{"/aws/lambda/b", "/aws/lambda/a", "other"} {
		g, err := s.CreateGroup(logs.Group{Name: name, RetentionDays: 14, Tags: map[string]string{"k": "v"}})
		if err != nil {
			t.Fatal(err)
		}
		if want := "arn:aws:logs:us-east-1:000000000000:log-group:" + name; g.ARN != want {
			t.Errorf("ARN %s, want %s", g.ARN, want)
		}
	}
	_, err = s.CreateGroup(logs.Group{Name: "other"})
	wantError(t, "create again", err, "ResourceAlreadyExistsException", "The specified log group already exists")
	_, err = s.UpdateGroup(logs.Group{Name: "none"})
	wantError(t, "update", err, "ResourceNotFoundException", noGroup)
	wantError(t, "delete", s.DeleteGroup("none"), "ResourceNotFoundException", noGroup)

	updated, err := s.UpdateGroup(logs.Group{Name: "/aws/lambda/a", RetentionDays: 0})
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, "other", "one", 1)
	if err := s.DeleteGroup("other"); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}

	if st, err = store.Open(dir); err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	s = open(t, st, allow)
	groups := s.Groups("/aws/lambda/")
	if len(groups) != 2 || groups[1].Name != "/aws/lambda/b" || groups[1].RetentionDays != 14 || groups[1].Tags["k"] != "v" {
		t.Errorf("groups %+v", groups)
	}
	if diff := cmp.Diff(updated, groups[0]); diff != "" {
		t.Errorf("updated group (-before +after restart):\n%s", diff)
	}
	// A recreated group is empty.
	write(t, s, "other", "two", 2)
	page, err := s.Filter(logs.Query{Group: "other"})
	if got, want := messages(page.Events), []string{"2"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("the recreated group has events %v, %v", got, err)
	}
	if streams, err := s.Streams("other", ""); err != nil || len(streams) != 1 {
		t.Errorf("the recreated group has streams %v, %v", streams, err)
	}
}

func TestGroupErrors(t *testing.T) {
	s := open(t, nil, allow)
	const form = `' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+, and have length between 1 and 512`
	for _, name := range []string{"", "a b", "a:b", "größe"} {
		_, err := s.CreateGroup(logs.Group{Name: name})
		wantError(t, name, err, "InvalidParameterException", "1 validation error detected: Value '"+name+form)
	}
	_, err := s.CreateGroup(logs.Group{Name: "a", RetentionDays: 2})
	wantError(t, "retention", err, "InvalidParameterException", "1 validation error detected: Value '2' at 'retentionInDays' failed to satisfy constraint: "+
		"Member must satisfy enum value set: [1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653]")
}

func TestChecks(t *testing.T) {
	const invalid, queue = "1 validation error detected: Value '", "arn:aws:sqs:us-east-1:000000000000:q"
	long := strings.Repeat("ü", 513)
	for _, c := range []struct {
		err  error
		want string // "" for none
	}{
		{logs.CheckGroupName("/aws/lambda/" + strings.Repeat("x", 500)), ""},
		{logs.CheckGroupName("aws/mine"), invalid + "aws/mine' at 'logGroupName' failed to satisfy constraint: Member must not begin with aws/"},
		{logs.CheckStreamName("a b/[$LATEST]"), ""},
		{logs.CheckStreamName("a*"), invalid + "a*' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*, and have length between 1 and 512"},
		{logs.CheckStreamName(strings.Repeat("ü", 512)), ""},
		{logs.CheckStreamName(long), invalid + long + "' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*, and have length between 1 and 512"},
		{logs.CheckStreamName(""), invalid + "' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*, and have length between 1 and 512"},
		{logs.CheckRetention(0), ""},
		{logs.CheckRetention(3653), ""},
		{logs.CheckKMSKeyID("arn:aws:kms:us-east-1:000000000000:key/k"), ""},
		{logs.CheckKMSKeyID(queue), invalid + queue + "' at 'kmsKeyId' failed to satisfy constraint: Member must be the ARN of a key of AWS KMS"},
		{logs.CheckTags(map[string]string{"k": ";"}), `1 validation error detected: the tag "k" can contain only letters, digits, spaces and _ . : / = + - @`},
	} {
		if c.want == "" {
			if c.err != nil {
				t.Errorf("refused: %v", c.err)
			}
			continue
		}
		wantError(t, c.want, c.err, "InvalidParameterException", c.want)
	}
}

func TestStreams(t *testing.T) {
	s := open(t, nil, allow)
	write(t, s, "g", "a/1", 30, 10)
	write(t, s, "g", "a/2")
	write(t, s, "g", "b", 20)
	write(t, s, "other", "a/1", 40)
	streams, err := s.Streams("g", "a/")
	if err != nil || len(streams) != 2 {
		t.Fatalf("streams %v, %v", streams, err)
	}
	first := streams[0]
	if first.Name != "a/1" || first.ARN != "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:a/1" ||
		first.First.UnixMilli() != 10 || first.Last.UnixMilli() != 30 || first.LastIngestion.Before(first.Created) {
		t.Errorf("stream %+v", first)
	}
	if empty := streams[1]; !empty.First.IsZero() || !empty.LastIngestion.IsZero() || empty.Created.IsZero() {
		t.Errorf("empty stream %+v", empty)
	}
	_, err = s.Streams("none", "")
	wantError(t, "streams", err, "ResourceNotFoundException", noGroup)
}
