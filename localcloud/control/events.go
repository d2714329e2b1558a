package control

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Event is what happened: an entry of the journal, or an event of a log group.
type Event struct {
	Time     time.Time `json:"time"`
	Warning  bool      `json:"warning,omitempty"`
	Service  string    `json:"service,omitempty"`  // of an entry of the journal: "sns"
	Resource string    `json:"resource,omitempty"` // of the service: a short name or an ARN
	LogGroup string    `json:"logGroup,omitempty"` // of an event of a log group
	Message  string    `json:"message"`
}

// Watching is the message of the first event, by which a reader knows that it misses
// nothing from then on.
const Watching = "watching"

// Events copies what happens from now on to w, each Event as a line of JSON, until ctx ends.
// A reader that is too slow misses entries of the journal, and an Event says how many.
func Events(ctx context.Context, c Config, w io.Writer) error {
	return c.stream(ctx, http.MethodGet, EventsPath, w)
}
