package main

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"text/template"
)

// The templates of the functions, by the kind of their trigger.
//
//go:embed templates
var templates embed.FS

// values are what the templates use.
type values struct {
	Module       string // that the function imports packages of: "tally"
	Name         string // "greet"
	Route        string // "GET /greet/{id}"
	Method, Path string // of a request: "GET" and "/greet/example"
	Parameters   []string
	Source       string // the name of the topic or queue
	Expression   string // of the schedule
}

// render returns the files of a function, by their paths in the project.
func render(dir, name string, on trigger) (map[string][]byte, error) {
	module, err := firstValue(filepath.Join(dir, "go.mod"), "module ")
	if err != nil {
		return nil, err
	}
	v := values{module, name, on.route(), on.method, on.sample(), on.Parameters(), on.source, on.expression}
	root := path.Join("templates", on.kind)
	files := map[string][]byte{}
	return files, fs.WalkDir(templates, root, func(from string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		parsed, err := template.New(path.Base(from)).Option("missingkey=error").ParseFS(templates, from)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := parsed.Execute(&b, v); err != nil {
			return err
		}
		to := strings.TrimSuffix(strings.TrimPrefix(from, root+"/"), ".tmpl")
		to = strings.Replace(to, "/request.", "/"+strings.ToLower(on.method)+".", 1)
		content := b.Bytes()
		if strings.HasSuffix(to, ".go") {
			if content, err = format.Source(content); err != nil {
				return fmt.Errorf("%s: %w", from, err)
			}
		}
		files[path.Join("functions", name, to)] = content
		return nil
	})
}
