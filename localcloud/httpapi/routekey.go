package httpapi

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// A routeKey is a parsed route key.
type routeKey struct {
	text     string
	method   string // "" for $default
	segments []segment
}

// A segment is one part of a path between slashes.
type segment struct {
	kind segmentKind
	text string // the literal, or the variable's name
}

// A segmentKind is the kind of a segment. The kinds are ordered from the most to the
// least specific.
type segmentKind int

const (
	literal  segmentKind = iota
	variable             // {name}: exactly one nonempty segment
	greedy               // {name+}: the rest of the path, which is not empty
)

const anyMethod = "ANY"

var (
	methods         = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", anyMethod}
	variableSegment = regexp.MustCompile(`^\{([A-Za-z0-9._:-]+)(\+?)\}$`)
)

// parseRouteKey parses "METHOD /path" or "$default".
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
func parseRouteKey(text string) (routeKey, error) {
	if text == "$default" {
		return routeKey{text: text}, nil
	}
	method, path, _ := strings.Cut(text, " ")
	if !slices.Contains(methods, method) || !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \t\r\n?#") {
		return routeKey{}, badRequest("The provided route key is not formatted properly for HTTP protocol. "+
			`Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default": %q, where the method is one of %s`,
			text, strings.Join(methods, ", "))
	}
	k := routeKey{text: text, method: method}
	for _, part := range strings.Split(path[1:], "/") {
		seg := segment{literal, part}
		if m := variableSegment.FindStringSubmatch(part); m != nil {
			seg = segment{variable, m[1]}
			if m[2] == "+" {
				seg.kind = greedy
			}
		} else if strings.ContainsAny(part, "{}") {
			return routeKey{}, badRequest("Invalid route key %q: a variable must be a whole path segment, {name} or {name+}, not %q", text, part)
		}
		k.segments = append(k.segments, seg)
	}
	return k, k.checkVariables()
}

// checkVariables checks that a greedy variable is the last segment, and that the
// names of variables are unique.
func (k routeKey) checkVariables() error {
	seen := map[string]bool{}
	for i, seg := range k.segments {
		switch {
		case seg.kind == literal:
		case seg.kind == greedy && i < len(k.segments)-1:
			return badRequest("Invalid route key %q: {%s+} must be the last path segment", k.text, seg.text)
		case seen[seg.text]:
			return badRequest("Invalid route key %q: variable {%s} appears twice", k.text, seg.text)
		default:
			seen[seg.text] = true
		}
	}
	return nil
}

// sourcePath returns the part after the stage of the ARN with which the SourceArn of
// a permission is compared, such as "POST/add", "GET/sums/{id}" or "$default". For a
// route with the method ANY, it contains the method of the request.
func (k routeKey) sourcePath(method string) string {
	if k.method == "" {
		return k.text
	}
	_, path, _ := strings.Cut(k.text, " ")
	return method + path
}

// match reports whether a request matches the route, and returns the values of the
// route's variables, or nil if there are none. path contains the decoded segments of
// the request's path.
func (k routeKey) match(method string, path []string) (map[string]string, bool) {
	if k.method == "" {
		return nil, true
	}
	if k.method != anyMethod && k.method != method {
		return nil, false
	}
	last := len(k.segments) - 1
	rest := k.segments[last].kind == greedy
	if len(path) != len(k.segments) && (!rest || len(path) < len(k.segments)) {
		return nil, false
	}
	var values map[string]string
	for i, seg := range k.segments {
		part := path[i]
		switch seg.kind {
		case literal:
			if part != seg.text {
				return nil, false
			}
			continue
		case greedy:
			part = strings.Join(path[i:], "/")
		}
		if part == "" {
			return nil, false
		}
		if values == nil {
			values = map[string]string{}
		}
		values[seg.text] = part
	}
	return values, true
}

// compareKeys orders route keys as they are tried: the most specific path first
// (from left to right, a literal before a variable before a greedy variable), for
// the same path a method before ANY, and $default last.
func compareKeys(a, b routeKey) int {
	return cmp.Or(
		cmp.Compare(a.isDefault(), b.isDefault()),
		slices.CompareFunc(a.segments, b.segments, func(x, y segment) int { return cmp.Compare(x.kind, y.kind) }),
		cmp.Compare(a.isAny(), b.isAny()),
		cmp.Compare(a.text, b.text),
	)
}

func (k routeKey) isDefault() int { return oneIf(k.method == "") }
func (k routeKey) isAny() int     { return oneIf(k.method == anyMethod) }

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}
