package main

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"
)

// live is the name of the alias that all triggers invoke.
const live = "live"

// alias is the state of the alias live of a function. It is the entire
// state of a rollout, so anyone can continue the rollout or roll it back.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_AliasConfiguration.html
type alias struct {
	version     int // receives what the additional version does not
	additional  int // 0 for none
	percent     int // the share of the additional version, 0 to 100
	description string
	revision    string // changes with every update
}

// at returns the alias that sends everything to one version.
func at(version int) alias { return alias{version: version} }

// split reports whether two versions share the invocations.
func (a alias) split() bool { return a.additional != 0 && a.percent > 0 && a.percent < 100 }

// serving returns the version that receives the invocations. If two versions share
// them, it is the previous one, to which a rollback returns.
func (a alias) serving() int {
	if a.additional != 0 && a.percent == 100 {
		return a.additional
	}
	return a.version
}

// routesLike reports whether both aliases send the same shares to the same
// versions.
func (a alias) routesLike(b alias) bool {
	return a.version == b.version && a.percent == b.percent && (a.percent == 0 || a.additional == b.additional)
}

func (a alias) String() string {
	if a.split() {
		return fmt.Sprintf("version %d, with %d%% for version %d", a.version, a.percent, a.additional)
	}
	return fmt.Sprintf("version %d", a.serving())
}

// percentOf returns a weight as a percentage. A person may have set one that is closer to
// none or all of the invocations than a percentage can be, and the versions share them.
func percentOf(weight float64) int {
	percent := int(math.Round(100 * weight))
	if weight > 0 && weight < 1 {
		return min(max(percent, 1), 99)
	}
	return percent
}

// maxDescription is the maximum length of an alias's description.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html
const maxDescription = 256

// progress is the description of live during a rollout.
type progress struct {
	version        int       // the new version
	started, since time.Time // of the rollout, and of the present share
}

var progressForm = regexp.MustCompile(`^rolling out (\d+) since (\S+), this share since (\S+)$`)

func (p progress) String() string {
	return fmt.Sprintf("rolling out %d since %s, this share since %s", p.version, p.started.UTC().Format(time.RFC3339), p.since.UTC().Format(time.RFC3339))
}

// progress returns the progress in the description. Without one, because a person
// has set the weights, the rollout counts as started now.
func (a alias) progress() progress {
	now := time.Now()
	p := progress{a.additional, now, now}
	m := progressForm.FindStringSubmatch(a.description)
	if m == nil || m[1] != strconv.Itoa(a.additional) {
		return p
	}
	started, err := time.Parse(time.RFC3339, m[2])
	since, err2 := time.Parse(time.RFC3339, m[3])
	if err == nil && err2 == nil {
		p.started, p.since = started, since
	}
	return p
}

// rejection is the description of live after a rollback. It prevents the next run
// from rolling out the same version again.
type rejection struct {
	version int // the version that is not to be rolled out again
	at      time.Time
	reason  string
}

var rejectionForm = regexp.MustCompile(`(?s)^rolled back from (\d+) at (\S+): (.*)$`)

func (r rejection) String() string {
	s := []rune(fmt.Sprintf("rolled back from %d at %s: %s", r.version, r.at.UTC().Format(time.RFC3339), r.reason))
	if len(s) > maxDescription {
		s = append(s[:maxDescription-1], '…')
	}
	return string(s)
}

// rejection returns the rejection in the description; ok is false if there is none.
func (a alias) rejection() (r rejection, ok bool) {
	m := rejectionForm.FindStringSubmatch(a.description)
	if m == nil {
		return r, false
	}
	version, err := strconv.Atoi(m[1])
	at, err2 := time.Parse(time.RFC3339, m[2])
	return rejection{version, at, m[3]}, err == nil && err2 == nil
}
