package cloud

import (
	"strings"
	"testing"
)

// FuzzTraceField sets a field of any header, and reads it again.
func FuzzTraceField(f *testing.F) {
	f.Add("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1", "Sampled", "0")
	f.Add("Root=1;Lineage=a:1|b:0", "Parent", "2")
	f.Add("XRoot=1;Root=1", "Root", "2")
	f.Fuzz(func(t *testing.T, header, name, value string) {
		if name == "" || strings.ContainsAny(name+value, ";= ") || strings.TrimSpace(name) != name || strings.TrimSpace(value) != value || strings.Contains(TraceLineage, name) {
			return
		}
		got := WithTraceField(header, name, value)
		if TraceField(got, name) != value {
			t.Errorf("%s=%s in %q: %q", name, value, header, got)
		}
		for _, other := range []string{"Root", "Parent", "Sampled", "Lineage"} {
			if other != name && TraceField(got, other) != TraceField(header, other) {
				t.Errorf("%s=%s in %q changes %s: %q", name, value, header, other, got)
			}
		}
	})
}
