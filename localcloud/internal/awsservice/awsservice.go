// Package awsservice validates the names of AWS services as principals of policies,
// such as "lambda.amazonaws.com".
package awsservice

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"tally/localcloud/internal/nearest"
)

const suffix = ".amazonaws.com"

// services.txt lists the principals of AWS services. AWS publishes no complete
// list; this one combines those collected from its documentation and its managed
// policies.
//
// https://gist.github.com/shortjared/4c1e3fe52bdfa47522cfe5b41e5d6f22
// https://github.com/udondan/iam-floyd/blob/main/CHANGELOG.md
//
//go:embed services.txt
var list string

var (
	known   = strings.Fields(list)
	form    = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com$`)
	region  = regexp.MustCompile(`\b[a-z]{2}(-gov)?-[a-z]+-\d\.`)
	version = regexp.MustCompile(`v?\d+$`)
)

// CheckPrincipal returns an error if name cannot be the principal of a service: it has
// the wrong form, or is a misspelling of a known principal. Because the list of known
// principals is incomplete, it accepts other names. As on AWS, names are
// case-sensitive.
func CheckPrincipal(name string) error {
	global := region.ReplaceAllString(name, "")
	label, formed := strings.CutSuffix(global, suffix)
	switch {
	case slices.Contains(known, global):
		return nil
	case slices.Contains(known, global+suffix):
		return meant(global + suffix)
	case len(name) < len(suffix):
		return meant("")
	case !form.MatchString(name):
		return meant(nearest.Name(global, known))
	case formed && slices.Contains(known, version.ReplaceAllString(label, "")+suffix):
		return nil // a new version of a known service, such as "inspector2"
	}
	if near := cmp.Or(swapped(label), nearest.Within(typos(label), global, known)); near != "" {
		return meant(near)
	}
	return nil
}

// swapped returns the known name of which label is a misspelling with two adjacent
// letters swapped, or "".
func swapped(label string) string {
	for i := range len(label) - 1 {
		name := label[:i] + label[i+1:i+2] + label[i:i+1] + label[i+2:] + suffix
		if typos(label) > 0 && slices.Contains(known, name) {
			return name
		}
	}
	return ""
}

// typos returns the number of edits that make a name a misspelling of a known one.
// Short names of services are too similar to each other: sns, ses and sms exist, as
// do appmesh and apptest.
func typos(label string) int {
	switch n := len(label); {
	case n < 5:
		return 0
	case n < 8:
		return 1
	}
	return 2
}

func meant(name string) error {
	if name == "" {
		return errors.New("check its spelling")
	}
	return fmt.Errorf("did you mean %s?", name)
}
