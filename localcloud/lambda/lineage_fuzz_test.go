package lambda

import (
	"net/url"
	"strings"
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda/runtimeapi"
)

// FuzzLineage passes any trace header through a function that invokes itself: whatever
// the header says, the chain ends. Others in the chain keep their counts.
func FuzzLineage(f *testing.F) {
	f.Add("", "add")
	f.Add("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1;Lineage=a87bd80c:1|68fd508a:5", "add")
	f.Add("Lineage="+functionHash("add")+":9223372036854775807", "add")
	f.Add("Lineage="+functionHash("add")+":-100;Lineage=x", "add")
	f.Add("Root=1%3BLineage%3Da%7Cb", "")
	f.Fuzz(func(t *testing.T, header, function string) {
		plain := header
		if unescaped, err := url.PathUnescape(header); err == nil {
			plain = unescaped
		}
		next := nextTrace(header, function)
		for _, name := range []string{"Root", "Parent", "Sampled"} {
			was := cloud.TraceField(plain, name)
			if is := cloud.TraceField(next, name); is != was && (name != "Root" || was != "" || is == "") {
				t.Errorf("%q becomes %q: %s is %q", header, next, name, is)
			}
		}
		if chain := cloud.TraceField(next, "Lineage"); !strings.Contains(chain, functionHash(function)+":") {
			t.Errorf("%q becomes %q: the lineage is %q", header, next, chain)
		}
		stopped := false
		for range maxChain + 1 {
			if stopped = checkRecursion(runtimeapi.Event{TraceID: next}) != nil; stopped {
				break
			}
			next = nextTrace(next, function)
		}
		if !stopped {
			t.Errorf("%q becomes %q, and is not stopped", header, next)
		}
	})
}

// TestForgedLineage checks that a function whose header claims any count is stopped.
func TestForgedLineage(t *testing.T) {
	for _, count := range []string{"9223372036854775807", "-100", "99999999999999999999", "x", ""} {
		header := "Root=1;" + cloud.TraceLineage + functionHash("add") + ":" + count
		for range maxChain + 1 {
			header = nextTrace(header, "add")
		}
		if checkRecursion(runtimeapi.Event{TraceID: header}) == nil {
			t.Errorf("%q becomes %q", count, header)
		}
	}
}
