package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"tally/localcloud/internal/nearest"
	"tally/localcloud/provider"
	"tally/localcloud/provider/schema"
)

type typesCommand struct {
	Type string `arg:"" optional:"" help:"A resource type, such as sqs:Queue, to list its properties; default: all types."`
}

// Run needs no running local cloud.
func (c *typesCommand) Run(std streams) error {
	all := provider.Types()
	if c.Type == "" {
		return printTypes(std.out, all)
	}
	var names []string
	for _, typ := range all {
		short := shortToken(typ.Token)
		if c.Type == typ.Token || strings.EqualFold(c.Type, short) {
			return printType(std.out, typ)
		}
		names = append(names, short)
	}
	hint := ""
	if near := nearest.Name(c.Type, names); near != "" {
		hint = fmt.Sprintf("; did you mean %s?", near)
	}
	return fmt.Errorf("the local cloud does not emulate the resource type %s%s; to list what it emulates, run: localcloud types", c.Type, hint)
}

// shortToken returns the type as programs in YAML may write it: "sqs:Queue" for
// "aws:sqs/queue:Queue".
func shortToken(token string) string {
	service, rest, _ := strings.Cut(strings.TrimPrefix(token, "aws:"), "/")
	return service + rest[strings.LastIndexByte(rest, ':'):]
}

func printTypes(out io.Writer, all []schema.Type) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, typ := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\n", shortToken(typ.Token), typ.Token, effect(typ))
	}
	for _, token := range provider.Functions() {
		fmt.Fprintf(w, "-\t%s\tfunction\n", token)
	}
	return w.Flush()
}

// effect returns what a type is as a whole.
func effect(typ schema.Type) string {
	if typ.Recorded {
		return "recorded"
	}
	return "emulated"
}

// printType lists the properties of a type, nested ones by their paths.
func printType(out io.Writer, typ schema.Type) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\n", typ.Token, effect(typ))
	printProperties(w, "", effect(typ), typ.Inputs)
	for _, name := range slices.Sorted(slices.Values(typ.Unsupported)) {
		fmt.Fprintf(w, "%s\trefused\n", name)
	}
	return w.Flush()
}

func printProperties(w io.Writer, prefix, effect string, properties []schema.Property) {
	for _, p := range properties {
		what := effect
		if p.Recorded {
			what = "recorded"
		}
		fmt.Fprintf(w, "%s%s\t%s\n", prefix, p.Name, what)
		for _, name := range p.Unsupported {
			fmt.Fprintf(w, "%s%s.%s\trefused\n", prefix, p.Name, name)
		}
		printProperties(w, prefix+p.Name+".", what, p.Properties)
	}
}
