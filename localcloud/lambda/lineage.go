package lambda

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda/runtimeapi"
)

// Lambda stops a function that invokes itself again and again, be it directly or
// through topics and other functions. For this purpose, the trace header contains the
// functions in the chain of requests, each with the number of its earlier invocations:
// "Root=…;Lineage=a87bd80c:1|68fd508a:5". The AWS SDK in a function sends the header
// of the current event with every request, and topics pass it on.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
// https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html

// maxChain is how many times one chain of requests can invoke a function.
const maxChain = 16

// nextTrace returns the trace header of an invocation of the function, which was
// requested with the given header, or with "". It has at least a root and a lineage.
func nextTrace(header, function string) string {
	if plain, err := url.PathUnescape(header); err == nil {
		header = plain // the SDK escapes "|"
	}
	if cloud.TraceField(header, "Root") == "" {
		header = strings.TrimPrefix(header+";"+newRoot(), ";")
	}
	fields := strings.Split(header, ";")
	var chain []string
	fields = slices.DeleteFunc(fields, func(field string) bool {
		list, ok := strings.CutPrefix(field, cloud.TraceLineage)
		if ok {
			chain = strings.Split(list, "|")
		}
		return ok
	})
	prefix, earlier := functionHash(function)+":", 0
	chain = slices.DeleteFunc(chain, func(link string) bool {
		n, ok := strings.CutPrefix(link, prefix)
		if count, err := strconv.Atoi(n); ok && err == nil {
			earlier = min(max(count, 0), maxChain) + 1 // the client may have written anything
		}
		return ok
	})
	chain = append(chain, prefix+strconv.Itoa(earlier))
	return strings.Join(append(fields, cloud.TraceLineage+strings.Join(chain, "|")), ";")
}

// batchTrace returns the trace header of an invocation of the function with messages that
// have these trace headers. As on AWS, it starts a trace of its own, which is sampled if
// that of any message is. The longest chain of requests is the one that counts.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-tracelinking.html
func batchTrace(headers []string, function string) string {
	next, longest, sampled := nextTrace("", function), -1, false
	for _, header := range headers {
		trace := nextTrace(header, function)
		if n := invocations(trace); n > longest {
			longest = n
			next = newRoot() + ";" + trace[strings.LastIndex(trace, cloud.TraceLineage):]
		}
		sampled = sampled || cloud.TraceField(header, "Sampled") == "1"
	}
	if sampled {
		next = cloud.WithTraceField(next, "Sampled", "1")
	}
	return next
}

// invocations returns how many earlier invocations of the last function of a chain the
// trace header counts.
func invocations(header string) int {
	n, err := strconv.Atoi(header[strings.LastIndexByte(header, ':')+1:])
	if err != nil {
		return 0
	}
	return n
}

// checkRecursion returns an error if the event is one too many in its chain of
// requests. The current function is the last one of the chain.
func checkRecursion(e runtimeapi.Event) error {
	if invocations(e.TraceID) < maxChain {
		return nil
	}
	return cloud.Errorf(http.StatusBadRequest, recursive, "Lambda has detected your function being invoked in a recursive loop "+
		"with other AWS resources and stopped your function's invocation.")
}

// recursive is the code of the error of checkRecursion.
const recursive = "RecursiveInvocationException"

// functionHash identifies a function in a lineage.
func functionHash(name string) string {
	h := fnv.New32a()
	h.Write([]byte(name))
	return fmt.Sprintf("%08x", h.Sum32())
}
