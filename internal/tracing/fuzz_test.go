package tracing

import (
	"context"
	"strings"
	"testing"
)

// FuzzHeader replaces the parent in any trace header, which keeps its other fields.
func FuzzHeader(f *testing.F) {
	f.Add(header, "53995c3f42cd8ad9")
	f.Add("GrandParent=a;Root=1;Parent=a;Sampled=1", "b")
	f.Add("Root=1; Parent=a ;Sampled=1;Parent=c", "b")
	f.Add("Root=1;Parent=a;Sampled=0", "b")
	f.Fuzz(func(t *testing.T, header, parent string) {
		ctx := func(header string) context.Context { return context.WithValue(t.Context(), "x-amzn-trace-id", header) } //lint:ignore SA1029 the key of Lambda's library for Go is a string
		of, sampled := invocation(ctx(header))
		if sampled && (of.root == "" || of.parent == "" || !strings.Contains(header, "Sampled=1")) {
			t.Errorf("%q is %+v", header, of)
		}
		if !sampled || parent == "" || strings.ContainsAny(parent, ";=|") || strings.TrimSpace(parent) != parent || strings.Contains(header, "|") {
			return
		}
		next, sampled := invocation(ctx(of.with(parent)))
		if !sampled || next.parent != parent || next.root != of.root {
			t.Errorf("%q with the parent %q is %q", header, parent, next.header)
		}
		fields, was := strings.Split(next.header, ";"), strings.Split(header, ";")
		if len(fields) != len(was) {
			t.Fatalf("%q becomes %q", header, next.header)
		}
		for i := range was {
			if fields[i] != was[i] && !strings.HasPrefix(strings.TrimSpace(was[i]), "Parent") {
				t.Errorf("%q becomes %q", was[i], fields[i])
			}
		}
	})
}

func TestWith(t *testing.T) {
	for header, want := range map[string]string{
		"Root=1;Parent=a;Sampled=1;Lineage=a:1|b:0": "Root=1;Parent=b;Sampled=1;Lineage=a:1%7Cb:0",
		"XParent=a;Root=1;Parent=a;Sampled=1":       "XParent=a;Root=1;Parent=b;Sampled=1",
	} {
		of, ok := invocation(context.WithValue(t.Context(), "x-amzn-trace-id", header)) //lint:ignore SA1029 the key of Lambda's library for Go is a string
		if got := of.with("b"); !ok || got != want {
			t.Errorf("%q becomes %q, want %q", header, got, want)
		}
	}
}
