package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	mainFile    = "infra/main.go"
	openAPIFile = "docs/openapi.yaml"
)

// program is the Pulumi program in infra, as far as this command understands it. What it
// does not find is nil or "".
type program struct {
	source []byte // of infra/main.go
	file   *ast.File
	fset   *token.FileSet
	used   map[string]bool // the identifiers in infra/main.go

	components  []component
	routes      map[string]string // the routes' keys, by their forms without the names of parameters
	environment string            // the name of the environment

	env       string          // the variable of the environment
	fails     *ast.BlockStmt  // what the function that declares the stack does with an error
	declares  bool            // it has the closure function
	api       ast.Stmt        // declares the API
	lastRoute ast.Expr        // of the API
	outputs   *ast.AssignStmt // declares the stack's outputs
}

// component is a component that the program declares.
type component struct {
	kind, name string // "Topic", "numbers"
	at         string // "infra/main.go:82"
	variable   string // "numbers", if the function that declares the stack does so at its top level
	declared   token.Pos
}

// readProgram parses the files of infra, except for tests.
func readProgram(dir string) (*program, error) {
	p := &program{fset: token.NewFileSet(), used: map[string]bool{}, routes: map[string]string{}, environment: "main"}
	names, err := filepath.Glob(filepath.Join(dir, "infra", "*.go"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		path := "infra/" + filepath.Base(name)
		file, err := parser.ParseFile(p.fset, path, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		if path == mainFile {
			p.source, p.file = source, file
		}
		ast.Inspect(file, p.note)
	}
	if p.file == nil {
		return nil, fmt.Errorf("%s: %w", mainFile, fs.ErrNotExist)
	}
	p.understand()
	return p, nil
}

// note notes the components and the routes of the program.
func (p *program) note(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		if kind, name, ok := constructed(n); ok {
			at := p.fset.Position(n.Pos())
			p.components = append(p.components, component{kind: kind, name: name, at: fmt.Sprintf("%s:%d", at.Filename, at.Line), declared: n.Pos()})
		}
	case *ast.CompositeLit:
		if isSelector(n.Type, "Route") {
			for _, e := range n.Elts {
				if pair, ok := e.(*ast.KeyValueExpr); ok && isIdent(pair.Key, "Key") {
					key, _ := text(pair.Value)
					p.routes[anonymous(key)] = key
				}
			}
		}
	}
	return true
}

// constructed returns the kind and the name of the component that a call creates:
// serverless.NewTopic(env, "numbers", …) or function("greet", …).
func constructed(call *ast.CallExpr) (kind, name string, ok bool) {
	if isIdent(call.Fun, "function") && len(call.Args) > 0 {
		name, ok = text(call.Args[0])
		return "Function", name, ok
	}
	f, isSelector := call.Fun.(*ast.SelectorExpr)
	if !isSelector || !isIdent(f.X, "serverless") || len(call.Args) < 2 {
		return "", "", false
	}
	kind, isNew := strings.CutPrefix(f.Sel.Name, "New")
	name, ok = text(call.Args[1])
	return kind, name, ok && isNew
}

// understand finds what declare needs in infra/main.go.
func (p *program) understand() {
	ast.Inspect(p.file, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			p.used[id.Name] = true
		}
		return true
	})
	for _, d := range p.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if ok && f.Body != nil && declaresEnvironment(f.Body) {
			for i, s := range f.Body.List {
				p.understandStatement(s, f.Body.List[i+1:])
			}
			return
		}
	}
}

func declaresEnvironment(body *ast.BlockStmt) bool {
	for _, s := range body.List {
		if _, call, ok := assigned(s); ok {
			if kind, _, _ := constructed(call); kind == "Environment" {
				return true
			}
		}
	}
	return false
}

// understandStatement notes what a statement at the top level of the stack declares. rest
// are the statements after it.
func (p *program) understandStatement(s ast.Stmt, rest []ast.Stmt) {
	if a, ok := s.(*ast.AssignStmt); ok && a.Tok == token.DEFINE && len(a.Rhs) == 1 {
		switch value := a.Rhs[0].(type) {
		case *ast.FuncLit:
			p.declares = p.declares || isIdent(a.Lhs[0], "function")
		case *ast.CompositeLit:
			if isSelector(value.Type, "Map") && p.outputs == nil {
				p.outputs = a
			}
		}
	}
	variable, call, ok := assigned(s)
	if !ok {
		return
	}
	kind, name, _ := constructed(call)
	switch kind {
	case "Environment":
		p.env, p.environment = variable, name
		if len(rest) > 0 {
			if check, ok := rest[0].(*ast.IfStmt); ok {
				p.fails = check.Body
			}
		}
	case "API":
		p.api = s
		ast.Inspect(call, func(n ast.Node) bool {
			if route, ok := n.(*ast.CompositeLit); ok && isSelector(route.Type, "Route") {
				p.lastRoute = route
			}
			return true
		})
	}
	for i := range p.components {
		if p.components[i].declared == call.Pos() {
			p.components[i].variable = variable
		}
	}
}

// component returns the component with this kind and name. Any kind matches if it is "".
func (p *program) component(kind, name string) (component, bool) {
	for _, c := range p.components {
		if c.name == name && (c.kind == kind || kind == "") {
			return c, true
		}
	}
	return component{}, false
}

// assigned returns the first variable of a statement such as x, err := f(…), and the call.
func assigned(s ast.Stmt) (variable string, call *ast.CallExpr, ok bool) {
	a, ok := s.(*ast.AssignStmt)
	if !ok || a.Tok != token.DEFINE || len(a.Rhs) != 1 {
		return "", nil, false
	}
	id, isIdent := a.Lhs[0].(*ast.Ident)
	call, isCall := a.Rhs[0].(*ast.CallExpr)
	if !isIdent || !isCall {
		return "", nil, false
	}
	return id.Name, call, true
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// isSelector reports whether an expression is the name in any package.
func isSelector(e ast.Expr, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && s.Sel.Name == name
}

// text returns the value of a string literal.
func text(e ast.Expr) (string, bool) {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(literal.Value)
	return s, err == nil
}

// anonymous returns a route's key without the names of its parameters: two routes that
// differ only in these match the same requests.
func anonymous(key string) string { return pathParameter.ReplaceAllString(key, "{}") }
