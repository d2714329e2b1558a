package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// logLine returns the lines for people of a line in a function's log, without what Lambda
// itself writes about invocations that succeed.
//
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
func logLine(message, root string) (lines []string, bad bool) {
	fields, ok := decodeFields(message)
	if !ok {
		return []string{inProject(strings.TrimRight(message, "\n"), root)}, false // a plain line
	}
	if kind, ok := fields.text("type"); ok && strings.HasPrefix(kind, "platform.") {
		return platformLine(fields)
	}
	if _, ok := fields["_aws"]; ok {
		return nil, false // metrics
	}
	level, _ := fields.text("level")
	text, _ := fields.text("message")
	bad = level == "ERROR" || level == "FATAL"
	if trace := stackTrace(text, root); trace != nil {
		return trace, true
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-5s %s", level, text)
	for _, f := range fields.others("timestamp", "level", "message", "requestId") {
		fmt.Fprintf(&b, " %s=%s", f.name, f.value)
	}
	return []string{b.String()}, bad
}

// platformLine returns a line of an invocation that failed.
//
// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
func platformLine(fields fields) (lines []string, bad bool) {
	var report struct {
		Status, ErrorType string
		Metrics           struct{ DurationMs float64 }
	}
	kind, _ := fields.text("type")
	if kind != "platform.report" || json.Unmarshal(fields["record"], &report) != nil || report.Status == "success" || report.Status == "" {
		return nil, false
	}
	return []string{fmt.Sprintf("%s after %.0f ms %s", report.Status, report.Metrics.DurationMs, report.ErrorType)}, true
}

// accessLine returns the line of a request in the API's access log.
func accessLine(message string) (lines []string, bad bool) {
	fields, ok := decodeFields(message)
	if !ok {
		return []string{message}, false
	}
	method, _ := fields.text("httpMethod")
	path, _ := fields.text("path")
	status, _ := fields.text("status")
	took, _ := fields.text("responseLatency")
	return []string{fmt.Sprintf("%s %s %s in %s ms", method, path, status, took)}, strings.HasPrefix(status, "5")
}

// stackTrace returns the message and the frames of a panic that Lambda's library for Go has
// logged, and nil for another text.
//
// https://pkg.go.dev/github.com/aws/aws-lambda-go/lambda/messages#InvokeResponse_Error
func stackTrace(text, root string) (lines []string) {
	var failure struct {
		ErrorMessage, ErrorType string
		StackTrace              []struct {
			Path, Label string
			Line        int
		}
	}
	if json.Unmarshal([]byte(text), &failure) != nil || len(failure.StackTrace) == 0 {
		return nil
	}
	lines = []string{fmt.Sprintf("panic: %s (%s)", failure.ErrorMessage, failure.ErrorType)}
	for _, f := range failure.StackTrace {
		lines = append(lines, fmt.Sprintf("  %s:%d %s", sourceFile(f.Path, root), f.Line, f.Label))
	}
	return lines
}

// sourceFile returns the path of a source file in the project, or path if it is not there.
// Lambda's library removes the beginning of paths, more than it should of those of functions.
func sourceFile(path, root string) string {
	_, inModule, _ := strings.Cut(path, "/")
	for _, name := range []string{inModule, filepath.Join("functions", path)} {
		if info, err := os.Stat(filepath.Join(root, name)); name != "" && err == nil && info.Mode().IsRegular() {
			return name
		}
	}
	return path
}

// goFile matches a file in a stack trace that Go's runtime prints.
var goFile = regexp.MustCompile(`^(\t)([^ ]+\.go)(:\d+)`)

// inProject makes the path in a line of a stack trace relative to the project.
func inProject(line, root string) string {
	m := goFile.FindStringSubmatch(line)
	if m == nil {
		return line
	}
	return m[1] + sourceFile(m[2], root) + line[len(m[0])-len(m[3]):]
}

// arns matches the beginning of an ARN, up to the name of the resource.
var arns = regexp.MustCompile(`arn:aws:[a-z0-9]+:[a-z0-9-]*:\d*:(?:[a-z]+[:/])?`)

// suffixes matches what autonaming appends, and the ID of a subscription.
var suffixes = regexp.MustCompile(`-[0-9a-f]{7}\b(:[0-9a-f-]{36})?`)

// shorten removes from a text what all resources of a stack have in their names.
func shorten(text, prefix string) string {
	return suffixes.ReplaceAllString(strings.ReplaceAll(arns.ReplaceAllString(text, ""), prefix, ""), "")
}

// fields are the members of a JSON object.
type fields map[string]json.RawMessage

func decodeFields(text string) (f fields, ok bool) {
	return f, json.Unmarshal([]byte(text), &f) == nil && f != nil
}

// text returns a member that is a string.
func (f fields) text(name string) (s string, ok bool) {
	return s, json.Unmarshal(f[name], &s) == nil
}

type field struct{ name, value string }

// others returns the members without those that are named, ordered by name.
func (f fields) others(without ...string) (all []field) {
	for name, raw := range f {
		if slices.Contains(without, name) {
			continue
		}
		value := string(bytes.TrimSpace(raw))
		if s, ok := f.text(name); ok {
			value = s
		}
		all = append(all, field{name, value})
	}
	slices.SortFunc(all, func(a, b field) int { return strings.Compare(a.name, b.name) })
	return all
}
