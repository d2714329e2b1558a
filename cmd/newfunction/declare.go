package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/token"
	"slices"
	"strings"
)

// insertion is text to insert into infra/main.go.
type insertion struct {
	at   int // the offset in bytes
	text string
}

// declare returns infra/main.go with the declaration of the function and of what invokes
// it, and the lines that it adds. It returns neither if the file declares the function
// already, because somebody has added the lines by hand.
func (p *program) declare(name string, on trigger) (edited []byte, lines []string, err error) {
	if _, ok := p.component("Function", name); ok {
		return nil, nil, nil
	}
	if missing := p.missing(on); missing != "" {
		return nil, nil, p.byHand(name, on, missing)
	}
	edits, err := p.edits(name, on)
	if err != nil {
		return nil, nil, err
	}
	slices.SortStableFunc(edits, func(a, b insertion) int { return b.at - a.at }) // last first, so that offsets stay valid
	source := p.source
	for _, e := range edits {
		source = slices.Concat(source[:e.at], []byte(e.text), source[e.at:])
		lines = append(lines, strings.Trim(e.text, ",\n\t")+"\n")
	}
	slices.Reverse(lines)
	if edited, err = format.Source(source); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", mainFile, err)
	}
	return edited, lines, nil
}

// missing returns what declare needs and cannot find in infra/main.go, or "".
func (p *program) missing(on trigger) string {
	switch {
	case p.env == "" || p.fails == nil:
		return "env, err := serverless.NewEnvironment(…), with a check of err"
	case !p.declares:
		return "function := func(…)"
	case on.kind == httpKind && (p.api == nil || p.lastRoute == nil):
		return "api, err := serverless.NewAPI(…), with a serverless.Route"
	case on.kind != httpKind && p.outputs == nil:
		return "outputs := pulumi.Map{…}"
	}
	return ""
}

// byHand returns an error that says what to add to infra/main.go.
func (p *program) byHand(name string, on trigger, missing string) error {
	usual := &program{env: "env"}
	variable, source := camel(name), camel(on.source)
	block := usual.function(name, variable)
	switch on.kind {
	case httpKind:
		block += "\n// in the API's routes:\n" + route(variable, on) + ",\n"
	case topicKind:
		block += usual.subscribe(variable, source)
	case queueKind:
		block = usual.queue(on.source, source) + block + usual.invoke(variable, source)
	case scheduleKind:
		block += usual.schedule(name, variable, on)
	}
	return fmt.Errorf("%s: the function that declares the stack has no %s at its top level, so this command does not know where to add lines. "+
		"Add them yourself, and run the command again for the rest:\n\n%s", mainFile, missing, indent(block))
}

// edits returns what to insert.
func (p *program) edits(name string, on trigger) ([]insertion, error) {
	v := p.variable(name, "Function")
	function := p.function(name, v)
	if on.kind == httpKind {
		if other, taken := p.routes[anonymous(on.route())]; taken {
			return nil, fmt.Errorf("the route %q: the API has the route %q already", on.route(), other)
		}
		return []insertion{{p.before(p.api), function}, p.after(p.lastRoute, route(v, on))}, nil
	}
	block, output := "", ""
	switch on.kind {
	case topicKind:
		topic, err := p.topic(on.source)
		if err != nil {
			return nil, err
		}
		block = fmt.Sprintf("// %s processes the messages of the topic %s.\n", name, on.source) + function + p.subscribe(v, topic)
	case queueKind:
		queue, isNew, err := p.queueVariable(on.source)
		if err != nil {
			return nil, err
		}
		block = fmt.Sprintf("// %s processes the messages of the queue %s.\n", name, on.source)
		if isNew {
			block += p.queue(on.source, queue)
			output = fmt.Sprintf("%q: %s.URL", camel(on.source)+"QueueUrl", queue)
		}
		block += function + p.invoke(v, queue)
	case scheduleKind:
		block = fmt.Sprintf("// %s runs on a schedule.\n", name) + function + p.schedule(name, v, on)
	}
	edits := []insertion{{p.before(p.outputs), "\n" + block + "\n"}}
	if output != "" {
		edits = append(edits, p.addOutput(output))
	}
	return edits, nil
}

// addOutput returns the insertion of a member into the stack's outputs.
func (p *program) addOutput(member string) insertion {
	outputs := p.outputs.Rhs[0].(*ast.CompositeLit)
	if n := len(outputs.Elts); n > 0 {
		return p.after(outputs.Elts[n-1], member)
	}
	return insertion{p.offset(outputs.Rbrace), "\n" + member + ",\n"}
}

// topic returns the variable of a topic.
func (p *program) topic(name string) (string, error) {
	c, ok := p.component("Topic", name)
	if !ok {
		var names []string
		for _, c := range p.components {
			if c.kind == "Topic" {
				names = append(names, c.name)
			}
		}
		return "", fmt.Errorf("the topic %q: infra declares no topic of this name, only %s. To declare one, add to %s:\n\n%s",
			name, strings.Join(names, ", "), mainFile, indent(p.check(fmt.Sprintf("%s, err := serverless.NewTopic(%s, %q, nil)\n", camel(name), p.env, name))))
	}
	return c.variable, p.reachable(c)
}

// queueVariable returns the variable of a queue, which is new unless the program declares
// the queue. Unlike a topic, a queue has one receiver, so the two are usually new together.
func (p *program) queueVariable(name string) (variable string, isNew bool, err error) {
	c, ok := p.component("Queue", name)
	if !ok {
		return p.variable(name, "Queue"), true, nil
	}
	if err := p.reachable(c); err != nil {
		return "", false, err
	}
	ast.Inspect(p.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Invoke" && isIdent(f.X, c.variable) {
			err = fmt.Errorf("the queue %q: it already invokes a function in line %d of %s", name, p.fset.Position(call.Pos()).Line, mainFile)
		}
		return true
	})
	return c.variable, false, err
}

// reachable returns an error if the inserted lines could not use a component's variable.
func (p *program) reachable(c component) error {
	if c.variable == "" {
		return fmt.Errorf("the %s %q: %s does not declare it at the top level of the function that declares the stack, so this command cannot use it", strings.ToLower(c.kind), c.name, c.at)
	}
	if c.declared > p.outputs.Pos() {
		return fmt.Errorf("the %s %q: %s declares it after the outputs, before which this command adds the function: declare it earlier", strings.ToLower(c.kind), c.name, c.at)
	}
	return nil
}

// The functions below return statements.

func (p *program) function(name, variable string) string {
	return p.check(fmt.Sprintf("%s, err := function(%q, nil)\n", variable, name))
}

func route(variable string, on trigger) string {
	return fmt.Sprintf("serverless.Route{Key: %q, Function: %s}", on.route(), variable)
}

func (p *program) subscribe(variable, topic string) string {
	return p.try(fmt.Sprintf("_, err := %s.Subscribe(%s, nil)", topic, variable))
}

// queue declares a queue that hides a received message for six times the timeout of the
// functions, as AWS recommends.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
func (p *program) queue(name, variable string) string {
	return p.check(fmt.Sprintf("%s, err := serverless.NewQueue(%s, %q, &serverless.QueueArgs{VisibilityTimeoutSeconds: pulumi.Int(6 * config.Functions.TimeoutSeconds)})\n", variable, p.env, name))
}

func (p *program) invoke(variable, queue string) string {
	return p.try(fmt.Sprintf("err := %s.Invoke(%s, &serverless.InvokeArgs{MaxConcurrency: pollConcurrency(config)})", queue, variable))
}

func (p *program) schedule(name, variable string, on trigger) string {
	return p.try(fmt.Sprintf("_, err := serverless.NewSchedule(%s, %q, &serverless.ScheduleArgs{Expression: %q, Function: %s})", p.env, name, on.expression, variable))
}

// check adds the check of err to a statement.
func (p *program) check(statement string) string { return statement + "if err != nil " + p.failure() }

// try returns a statement that checks the error of its own simple statement.
func (p *program) try(simple string) string { return "if " + simple + "; err != nil " + p.failure() }

// failure returns the block that the program runs after an error.
func (p *program) failure() string {
	block := "{\n\treturn nil, err\n}"
	if p.fails != nil {
		block = string(bytes.ReplaceAll(p.source[p.offset(p.fails.Pos()):p.offset(p.fails.End())], []byte("\n\t"), []byte("\n")))
	}
	return block + "\n"
}

func (p *program) offset(at token.Pos) int { return p.fset.Position(at).Offset }

// after returns the insertion of an expression into a list, after another one and the
// comment behind it.
func (p *program) after(last ast.Expr, expression string) insertion {
	end := p.offset(last.End())
	rest, _, _ := bytes.Cut(p.source[end:], []byte("\n"))
	if comment, comma := bytes.CutPrefix(rest, []byte(",")); comma && (len(comment) == 0 || bytes.HasPrefix(bytes.TrimSpace(comment), []byte("//"))) {
		return insertion{end + len(rest), "\n" + expression + ","}
	}
	return insertion{end, ",\n" + expression}
}

// before returns the offset of the line in which a statement, or the comment in the lines
// above it, begins.
func (p *program) before(s ast.Stmt) int {
	start := p.lineStart(s.Pos())
	for _, c := range p.file.Comments {
		line := p.lineStart(c.Pos())
		alone := len(bytes.TrimSpace(p.source[line:p.offset(c.Pos())])) == 0
		if alone && p.fset.Position(c.End()).Line == p.fset.Position(s.Pos()).Line-1 {
			start = line
		}
	}
	return start
}

func (p *program) lineStart(at token.Pos) int {
	return bytes.LastIndexByte(p.source[:p.offset(at)], '\n') + 1
}
