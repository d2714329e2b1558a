package timetable

import (
	_ "embed"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // for machines without a time zone database
)

// zones are the names in the IANA database that time/tzdata contains. Which others
// time.LoadLocation accepts depends on the machine: "localtime", for example, or "utc".
// "Factory" is not among them: it stands for the lack of a time zone.
//
//go:embed zones.txt
var zones string

var zoneNames = strings.Fields(zones)

// Zone returns the time zone with a name of the IANA database, or UTC and false. Names are
// case-sensitive.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#time-zones
func Zone(name string) (*time.Location, bool) {
	if !slices.Contains(zoneNames, name) {
		return time.UTC, false
	}
	zone, err := time.LoadLocation(name)
	if err != nil { // the machine's own database is damaged
		return time.UTC, false
	}
	return zone, true
}
