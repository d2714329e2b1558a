package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"tally/localcloud/control"
)

// printRecorded prints what is recorded, in one line for each type: a stack may
// have many DNS records.
func printRecorded(w io.Writer, all []control.Recorded) {
	whole, parts, properties := map[string]int{}, map[string]int{}, map[string][]string{}
	for _, r := range all {
		if len(r.Properties) == 0 {
			whole[r.Type]++
			continue
		}
		parts[r.Type]++
		properties[r.Type] = append(properties[r.Type], r.Properties...)
	}
	for _, typ := range slices.Sorted(maps.Keys(whole)) {
		fmt.Fprintf(w, "recorded\t%s\t%d without effect here\n", typ, whole[typ])
	}
	for _, typ := range slices.Sorted(maps.Keys(parts)) {
		slices.Sort(properties[typ])
		names := strings.Join(slices.Compact(properties[typ]), ", ")
		fmt.Fprintf(w, "recorded\t%s\t%d with properties without effect here: %s\n", typ, parts[typ], names)
	}
}
