package main

import (
	"bufio"
	"context"
	"encoding/json"
	"strings"
	"time"
)

// event is what happened in the local cloud: an entry of its journal, or an event of a log
// group, as `localcloud watch` prints it.
type event struct {
	Time              time.Time
	Warning           bool
	Service, Resource string // of an entry of the journal
	LogGroup          string // of an event of a log group
	Message           string
}

// follow shows what happens in the stack from now on, until ctx ends or the local cloud does,
// which it reports.
func (d *dev) follow(ctx context.Context) <-chan error {
	ended := make(chan error, 1)
	cmd := command(ctx, d.root, localcloud(d.root), "watch")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		ended <- err
		return ended
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 4<<20) // a log event has up to 1 MiB
	lines.Scan()             // the first line says that nothing is missed from then on
	go func() {
		for lines.Scan() {
			var e event
			if json.Unmarshal(lines.Bytes(), &e) == nil {
				d.screen.show(e)
			}
		}
		ended <- cmd.Wait()
	}()
	return ended
}

// short returns the source and the lines of an event for people. There are none if it is of
// another stack, or only its details are of interest. bad is whether something has failed.
// physical are the stack's functions; root is the folder of the project.
func (e event) short(physical map[string]string, root string) (source string, lines []string, bad bool) {
	prefix := prefixOf(physical)
	if prefix == "" || !strings.Contains(e.LogGroup+e.Resource, prefix) {
		return "", nil, false
	}
	source = nameOf(e.LogGroup+e.Resource, prefix, physical)
	switch {
	case strings.HasPrefix(e.LogGroup, "/aws/lambda/"):
		lines, bad = logLine(e.Message, root)
	case e.LogGroup != "":
		lines, bad = accessLine(e.Message)
	case e.Service == "lambda" && !e.Warning:
		return source, nil, false // the function's own lines say it
	default:
		lines, bad = []string{e.Service + ": " + shorten(e.Message, prefix)}, e.Warning
	}
	return source, lines, bad
}

// prefixOf returns what the names of a stack's resources start with: "tally-local-main-".
func prefixOf(physical map[string]string) string {
	for name, full := range physical {
		if i := strings.LastIndex(full, name); i > 0 {
			return full[:i]
		}
	}
	return ""
}

// nameOf returns the name in the program of a function, or of another resource, given its
// physical name, its ARN or its log group.
func nameOf(resource, prefix string, physical map[string]string) string {
	_, name, _ := strings.Cut(resource, prefix)
	name, _, _ = strings.Cut(name, ":")
	if _, ok := physical[name]; ok {
		return name // of a log group
	}
	if i := strings.LastIndex(name, "-"); i > 0 {
		name = name[:i] // the suffix of autonaming
	}
	return name
}
