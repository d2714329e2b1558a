package cloud

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// EncodeJSON returns v as JSON in which, as in the messages of AWS, <, > and & are not
// escaped. It is for values that always encode, and panics for others.
func EncodeJSON(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Timestamp returns a time as messages and log lines of AWS contain it: in UTC, with
// milliseconds.
func Timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
