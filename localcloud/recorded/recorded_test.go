package recorded

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

const alarm = "aws:cloudwatch/metricAlarm:MetricAlarm"

func open(t *testing.T, dir string) (*Service, *store.Store) {
	t.Helper()
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(st)
	if err != nil {
		t.Fatal(err)
	}
	return s, st
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPersistence(t *testing.T) {
	dir := t.TempDir()
	s, st := open(t, dir)
	made, err := s.Create(Resource{Type: alarm, ID: "errors", Name: "errors", Inputs: map[string]any{"threshold": 1.5}})
	must(t, err)
	if made.Created.IsZero() {
		t.Error("Created is not set")
	}
	if _, err := s.Create(Resource{Type: alarm, ID: "errors"}); err != ErrExists {
		t.Errorf("creating the resource again: %v, want ErrExists", err)
	}
	_, err = s.Create(Resource{Type: "aws:kms/key:Key", ID: "errors"})
	must(t, err)
	changed, err := s.Update(alarm, "errors", map[string]any{"threshold": 2.5, "dimensions": map[string]any{"a": "b"}})
	must(t, err)
	must(t, s.Annotate(Note{Type: "aws:sns/topic:Topic", ID: "arn", Name: "numbers", Properties: []string{"signatureVersion"}}))
	must(t, s.Annotate(Note{Type: "aws:sns/topic:Topic", ID: "other", Properties: []string{"signatureVersion"}}))
	must(t, s.Annotate(Note{Type: "aws:sns/topic:Topic", ID: "other"}))
	must(t, st.Close())

	s, st = open(t, dir)
	defer st.Close()
	found, err := s.Resource(alarm, "errors")
	must(t, err)
	if d := cmp.Diff(changed, found); d != "" {
		t.Errorf("after the restart (-before +after):\n%s", d)
	}
	if d := cmp.Diff([]Note{{Type: "aws:sns/topic:Topic", ID: "arn", Name: "numbers", Properties: []string{"signatureVersion"}}}, s.Notes()); d != "" {
		t.Errorf("notes (-want +got):\n%s", d)
	}
	must(t, s.Delete(alarm, "errors"))
	must(t, s.Delete(alarm, "errors"))
	if _, err := s.Update(alarm, "errors", nil); cloud.ErrorCode(err) != "ResourceNotFoundException" {
		t.Errorf("update of a deleted resource: %v", err)
	}
	if all := s.Resources(); len(all) != 1 || all[0].Type != "aws:kms/key:Key" {
		t.Errorf("remaining resources: %v", all)
	}
}
