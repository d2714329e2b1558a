package control

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// LogQuery selects the lines that Logs copies.
type LogQuery struct {
	// Function is the name of a function, with or without its autonaming suffix;
	// "" means every function.
	Function string
	Since    time.Time // the zero time means from the beginning
	Follow   bool      // continue until ctx ends
}

// Values returns the query parameters of the logs page.
func (q LogQuery) Values() url.Values {
	v := url.Values{"function": {q.Function}, "follow": {strconv.FormatBool(q.Follow)}}
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
	if s := v.Get("since"); s != "" {
		if q.Since, err = time.Parse(time.RFC3339Nano, s); err != nil {
			return q, fmt.Errorf("since: %w", err)
		}
	}
	return q, nil
}

// Logs copies the selected log lines to w as they arrive.
func Logs(ctx context.Context, c Config, q LogQuery, w io.Writer) error {
	body, err := c.request(ctx, http.MethodGet, LogsPath+"?"+q.Values().Encode(), nil)
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err := io.Copy(w, body); err != nil && ctx.Err() == nil {
		return fmt.Errorf("the connection to the local cloud ended: %w", err)
	}
	return nil
}
