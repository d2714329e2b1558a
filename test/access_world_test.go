package test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tally/localcloud/cloud"
)

// operation is what the engine asked the provider to do with one resource.
type operation struct {
	method   string // "Create", "Update" or "Delete"
	kind     string // the resource's type
	id       string
	old, new map[string]any // the resource's properties; nil if there is none
}

// state returns the properties of the resource, after the operation if it still
// exists.
func (o operation) state() map[string]any {
	if o.new != nil {
		return o.new
	}
	return o.old
}

// readOperations reads the operations from a log of the engine's calls, which Pulumi
// writes to the file in PULUMI_DEBUG_GRPC.
func readOperations(t *testing.T, path string) (all []operation) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		var entry struct {
			Method, Progress string
			Errors           []any
			Request          struct {
				Type, ID         string
				Preview          bool
				Properties, Olds map[string]any
			}
			Response struct {
				ID         string
				Properties map[string]any
			}
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		method, ok := strings.CutPrefix(entry.Method, "/pulumirpc.ResourceProvider/")
		request := entry.Request
		if !ok || request.Preview || entry.Progress != "response_completed" || len(entry.Errors) > 0 {
			continue
		}
		o := operation{method: method, kind: request.Type, id: request.ID}
		switch method {
		case "Create":
			o.id, o.new = entry.Response.ID, entry.Response.Properties
		case "Update":
			o.old, o.new = request.Olds, entry.Response.Properties
		case "Delete":
			o.old = request.Properties
		default:
			continue
		}
		all = append(all, o)
	}
	return all
}

// world derives the requests to AWS from operations, in their order.
type world struct {
	t     *testing.T
	state map[string]map[string]any // the properties of each resource, by type and ID or ARN
}

// requests returns the requests of an operation.
func (w *world) requests(o operation) (all []cloud.Request) {
	w.t.Helper()
	of, ok := awsCalls[o.kind]
	if !ok {
		w.t.Fatalf("the AWS API calls for %s are unknown: add them to awsCalls", o.kind)
	}
	state := maps.Clone(o.state())
	state["id"] = o.id
	if url, ok := state["queueUrl"].(string); ok {
		state["queueArn"] = "arn:aws:sqs:us-east-1:000000000000:" + url[strings.LastIndex(url, "/")+1:]
	}
	w.remember(o.kind, o.id, state)
	var made []call
	switch o.method {
	case "Create":
		made = slices.Concat(of.create, of.read)
	case "Update":
		made = slices.Concat(of.update, of.read)
	case "Delete":
		made = of.delete
	}
	for _, c := range made {
		if w.applies(c, o) {
			all = append(all, w.expand(c, state)...)
		}
	}
	return all
}

func (w *world) remember(kind, id string, state map[string]any) {
	w.state[kind+" "+id] = state
	if arn, ok := state["arn"].(string); ok {
		w.state[kind+" "+arn] = state
	}
}

// applies reports whether the operation makes the call.
func (w *world) applies(c call, o operation) bool {
	isSet := func(property string) bool {
		v := propertyOf(o.new, property)
		return v != nil && v != "" && v != -1.0 // -1: no concurrency is reserved
	}
	if c.set != "" && !isSet(c.set) || c.unset != "" && isSet(c.unset) {
		return false
	}
	return c.changed == nil || slices.ContainsFunc(c.changed, func(property string) bool { return !reflect.DeepEqual(o.old[property], o.new[property]) })
}

// expand returns the requests of a call. If AWS may or may not know the tags of a
// resource, there are requests for both cases.
func (w *world) expand(c call, state map[string]any) (all []cloud.Request) {
	w.t.Helper()
	contexts := []map[string][]string{{}}
	for _, with := range c.with {
		if of, ok := strings.CutPrefix(with, "maybe "); ok {
			more := maps.Clone(contexts[0])
			w.add(more, of, state)
			contexts = append(contexts, more)
			continue
		}
		for _, context := range contexts {
			w.add(context, with, state)
		}
	}
	for action := range strings.FieldsSeq(c.actions) {
		for _, context := range contexts {
			all = append(all, cloud.Request{Action: action, Resource: w.fill(c.on, state), Context: context})
		}
	}
	return all
}

// add adds the condition keys that with describes.
func (w *world) add(context map[string][]string, with string, state map[string]any) {
	w.t.Helper()
	of := func(kindAndID string) map[string]any {
		found, ok := w.state[w.fill(kindAndID, state)]
		if !ok {
			w.t.Fatalf("no operation created %s", w.fill(kindAndID, state))
		}
		return found
	}
	boundary := func(role map[string]any) {
		if arn, ok := role["permissionsBoundary"].(string); ok {
			context["iam:PermissionsBoundary"] = []string{arn}
		}
	}
	other, named := strings.CutPrefix(with, "tags of ")
	role, bounded := strings.CutPrefix(with, "boundary of ")
	switch {
	case with == "new tags":
		addTags(context, "aws:RequestTag/", state)
	case with == "tags":
		addTags(context, "aws:ResourceTag/", state)
	case named:
		addTags(context, "aws:ResourceTag/", of(other))
	case with == "new boundary":
		boundary(state)
	case bounded:
		boundary(of("aws:iam/role:Role " + role))
	case with == "function":
		context["lambda:FunctionArn"] = []string{state["functionArn"].(string)}
	case with == "record":
		context["route53:ChangeResourceRecordSetsNormalizedRecordNames"] = []string{state["name"].(string)}
		context["route53:ChangeResourceRecordSetsRecordTypes"] = []string{state["type"].(string)}
	default:
		context["iam:PassedToService"] = []string{with}
	}
}

func addTags(context map[string][]string, prefix string, state map[string]any) {
	tags, _ := state["tagsAll"].(map[string]any)
	for name, value := range tags {
		context[prefix+name] = []string{fmt.Sprint(value)}
	}
}

var placeholder = regexp.MustCompile(`\{[\w.]+\}`)

// fill replaces each {name} with a property, and {name.part} with a part of one.
func (w *world) fill(template string, state map[string]any) string {
	w.t.Helper()
	return placeholder.ReplaceAllStringFunc(template, func(name string) string {
		text, ok := propertyOf(state, name[1:len(name)-1]).(string)
		if !ok {
			w.t.Fatalf("%s: there is no such property in %v", template, state)
		}
		return text
	})
}

// propertyOf returns a property, or a part of one, such as "serverSideEncryption.kmsKeyArn".
func propertyOf(state map[string]any, path string) (value any) {
	value = state
	for part := range strings.SplitSeq(path, ".") {
		object, _ := value.(map[string]any)
		value = object[part]
	}
	return value
}
