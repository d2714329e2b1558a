package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// LogQuery selects the events that Logs yields.
type LogQuery struct {
	// Function is the name of a function, with or without its autonaming suffix;
	// "" means every function.
	Function string
	Since    time.Time // the zero time means from the beginning
	Tail     int       // at most that many of the newest existing events; 0 means all
	Follow   bool      // continue until ctx ends
}

// Values returns the query parameters of the logs page.
func (q LogQuery) Values() url.Values {
	v := url.Values{"function": {q.Function}, "follow": {strconv.FormatBool(q.Follow)}, "tail": {strconv.Itoa(q.Tail)}}
	if !q.Since.IsZero() {
		v.Set("since", q.Since.UTC().Format(time.RFC3339Nano))
	}
	return v
}

// ParseLogQuery parses what Values returns.
func ParseLogQuery(v url.Values) (q LogQuery, err error) {
	q.Function = v.Get("function")
	if s := v.Get("follow"); s != "" {
		if q.Follow, err = strconv.ParseBool(s); err != nil {
			return q, fmt.Errorf("follow: %w", err)
		}
	}
	if s := v.Get("tail"); s != "" {
		if q.Tail, err = strconv.Atoi(s); err != nil || q.Tail < 0 {
			return q, fmt.Errorf("tail is %q; it must be a number of events", s)
		}
	}
	if s := v.Get("since"); s != "" {
		if q.Since, err = time.Parse(time.RFC3339Nano, s); err != nil {
			return q, fmt.Errorf("since: %w", err)
		}
	}
	return q, nil
}

// LogEvent is an event in the log of a function.
type LogEvent struct {
	Time     time.Time `json:"time"`
	Function string    `json:"function"`
	Stream   string    `json:"stream"`  // that of an execution environment
	Message  string    `json:"message"` // without the end of its line
}

// String returns the event as one line of text: "15:04:05.000 greet hello".
func (e LogEvent) String() string {
	return e.Time.Local().Format("15:04:05.000") + " " + e.Function + " " + e.Message
}

// Logs yields the selected events as they arrive. An error is the last element.
func Logs(ctx context.Context, c Config, q LogQuery) iter.Seq2[LogEvent, error] {
	return func(yield func(LogEvent, error) bool) {
		body, err := c.request(ctx, http.MethodGet, LogsPath+"?"+q.Values().Encode(), nil)
		if err != nil {
			yield(LogEvent{}, err)
			return
		}
		defer body.Close()
		for events := json.NewDecoder(body); ; {
			var e LogEvent
			err := events.Decode(&e)
			if errors.Is(err, io.EOF) || err != nil && ctx.Err() != nil {
				return
			}
			if err != nil {
				err = fmt.Errorf("the connection to the local cloud ended: %w", err)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}
