package control

import (
	"context"
	"io"
	"net/http"
	"net/url"
)

// Debugging is the line that Debug copies when the function has started.
const Debugging = "debugging"

// Debug prepares a function, whose name may lack its autonaming suffix, for a debugger in its
// bundle, until ctx ends: its timeouts are suspended. qualifier is a version, an alias, or "".
// A line is copied to w when an environment of the function has started.
func Debug(ctx context.Context, c Config, function, qualifier string, w io.Writer) error {
	query := url.Values{"function": {function}, "qualifier": {qualifier}}
	return c.stream(ctx, http.MethodPost, DebugPath+"?"+query.Encode(), w)
}
