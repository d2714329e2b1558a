package backlog

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"tally/localcloud/store"
)

// FuzzParse checks that damaged tasks are errors, and that others survive a round trip.
func FuzzParse(f *testing.F) {
	t := Task{Lane: "lane", Size: 700, Data: []byte("data"), due: time.Unix(1, 2), delay: time.Minute, seq: 3}
	f.Add(t.key(), t.value())
	f.Add("lane\x00", []byte{})
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		task, err := parse(key, value)
		if err != nil {
			if !errors.Is(err, store.ErrUnusable) {
				t.Error(err)
			}
			return
		}
		again, err := parse(task.key(), task.value())
		if err != nil || again.compare(task) != 0 && task.due.UnixNano() >= 0 || again.Lane != task.Lane || !bytes.Equal(again.Data, task.Data) {
			t.Errorf("%+v became %+v, error %v", task, again, err)
		}
	})
}

// FuzzDecode checks that damaged records are errors, and that others survive a round trip.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{"", "body"} {
		record, err := Encode("header", body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(record)
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		var header any
		body, err := Decode(record, &header)
		if err != nil {
			if !errors.Is(err, store.ErrUnusable) {
				t.Error(err)
			}
			return
		}
		again, err := Encode(header, body)
		if err != nil {
			t.Fatal(err)
		}
		var header2 any
		if body2, err := Decode(again, &header2); err != nil || !bytes.Equal(body, body2) {
			t.Errorf("%q became %q, error %v", body, body2, err)
		}
	})
}
