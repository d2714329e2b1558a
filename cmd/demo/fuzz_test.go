package main

import (
	"encoding/json"
	"testing"
)

// FuzzIsSeven compares isSeven with a decoder of any JSON.
func FuzzIsSeven(f *testing.F) {
	for _, seed := range []string{`{"num1":3,"num2":4,"sum":7}`, `{"sum":8}`, `{"sum":"7"}`, `{"sum":7.0}`, `{"sum":null}`, `[7]`, `7`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var members map[string]any
		want := json.Unmarshal(raw, &members) == nil && members["sum"] == float64(7)
		if got := isSeven(raw); got && !want {
			t.Errorf("%s has a sum of 7", raw)
		}
		if members == nil {
			return
		}
		members["sum"] = 7
		for name := range members {
			if name != "sum" && len(name) == 3 {
				return // the decoder ignores the case
			}
		}
		if sum, _ := json.Marshal(members); !isSeven(sum) {
			t.Errorf("%s has no sum of 7", sum)
		}
	})
}
