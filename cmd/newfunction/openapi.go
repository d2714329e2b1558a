package main

import (
	"fmt"
	"slices"
	"strings"
)

// describe adds the operation of a new function to the description of the HTTP API, an
// OpenAPI document. It returns the document unchanged if that has the operation.
func describe(document, name string, on trigger) (string, error) {
	lines := slices.Collect(strings.Lines(document))
	paths := slices.Index(lines, "paths:\n")
	if paths < 0 {
		return "", fmt.Errorf("%s: there is no line with only \"paths:\", so this command does not know where to add the operation", openAPIFile)
	}
	end := section(lines, paths, 0)
	for i := paths + 1; i < end; i++ {
		path, isPath := strings.CutPrefix(strings.TrimRight(lines[i], "\n"), "  /")
		if !isPath {
			continue
		}
		path = "/" + strings.TrimSuffix(path, ":")
		last := section(lines, i, 2)
		switch {
		case path != on.path && anonymous(path) == anonymous(on.path):
			return "", fmt.Errorf("the route %q: %s has the path %s; use its names for the parameters", on.route(), openAPIFile, path)
		case path == on.path && slices.Contains(lines[i:last], "    "+strings.ToLower(on.method)+":\n"):
			return document, nil
		case path == on.path:
			return strings.Join(slices.Insert(lines, last, on.operation(name, document)), ""), nil
		}
	}
	return strings.Join(slices.Insert(lines, end, "  "+on.path+":\n"+on.operation(name, document)), ""), nil
}

// section returns the index after the lines that belong to the key in line i, which is
// indented by some spaces. Blank lines and comments at the end do not.
func section(lines []string, i, indent int) int {
	last := i
	for j := i + 1; j < len(lines); j++ {
		text := strings.TrimLeft(lines[j], " ")
		switch {
		case text == "\n" || strings.HasPrefix(text, "#"):
		case len(lines[j])-len(text) <= indent:
			return last + 1
		default:
			last = j
		}
	}
	return last + 1
}

// operation returns the operation of a new function.
func (t trigger) operation(name, document string) string {
	id := camel(name)
	if strings.Contains(document, "operationId: "+id+"\n") {
		id = camel(strings.ToLower(t.method) + "-" + name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "    %s:\n      operationId: %s\n      summary: Call %s\n", strings.ToLower(t.method), id, name)
	for i, parameter := range t.Parameters() {
		if i == 0 {
			b.WriteString("      parameters:\n")
		}
		fmt.Fprintf(&b, `        - name: %s
          in: path
          required: true
          schema: { type: string }
          example: example
`, parameter)
	}
	fmt.Fprintf(&b, `      responses:
        "200":
          description: A message
          content:
            application/json:
              schema:
                type: object
                required: [message]
                additionalProperties: false
                properties:
                  message: { type: string }
              example: { message: Hello from %s. }
`, name)
	for _, status := range []int{401, 403, 429, 500, 503} {
		fmt.Fprintf(&b, "        \"%d\": { $ref: \"#/components/responses/Gateway\" }\n", status)
	}
	return b.String()
}
