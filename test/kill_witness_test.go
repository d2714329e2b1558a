package test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"
	"time"
)

// witness counts the messages that have arrived, outside of the local cloud.
type witness struct {
	url string // for the reports of functions

	mu      sync.Mutex
	seen    map[arrival]int
	changed chan struct{} // closed with the next arrival
}

// arrival is a message at one of its ends.
type arrival struct{ place, id string }

// messageID matches the IDs of messages wherever they are in an event or a body.
var messageID = regexp.MustCompile(`~[0-9]+-[a-z]+-[0-9]+~`)

func newWitness(t *testing.T) *witness {
	w := &witness{seen: map[arrival]int{}, changed: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil { // the function may have been killed
			w.saw("function", string(body))
		}
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// saw notes the arrival of the messages in text.
func (w *witness) saw(place, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range messageID.FindAllString(text, -1) {
		w.seen[arrival{place, id}]++
	}
	close(w.changed)
	w.changed = make(chan struct{})
}

// quiet is the time without progress after which a message counts as lost. It is
// longer than all waits between attempts, and than the visibility timeout of a message
// whose receiver got no response because of a SIGKILL.
const quiet = 45 * time.Second

// awaitAll waits until all messages have arrived, and returns the IDs of those that do
// not arrive. Both maps are by the way that messages take.
func (w *witness) awaitAll(ctx context.Context, owed map[string][]arrival) map[string][]string {
	silence := time.NewTimer(quiet)
	defer silence.Stop()
	for before := 0; ; {
		lost, n, changed := w.missing(owed)
		if n == 0 {
			return nil
		}
		if n != before {
			silence.Reset(quiet)
		}
		before = n
		select {
		case <-changed:
		case <-silence.C:
			return lost
		case <-ctx.Done():
			return lost
		}
	}
}

func (w *witness) missing(owed map[string][]arrival) (lost map[string][]string, n int, changed <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	lost = map[string][]string{}
	for way, arrivals := range owed {
		for _, a := range arrivals {
			if w.seen[a] == 0 {
				n++
				lost[way] = append(lost[way], a.id)
			}
		}
	}
	return lost, n, w.changed
}

// duplicates returns how many messages have arrived more than once.
func (w *witness) duplicates() (n int) {
	for _, here := range w.duplicatesIn() {
		n += here
	}
	return n
}

// duplicatesIn returns how many messages have arrived more than once at each place.
func (w *witness) duplicatesIn() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := map[string]int{}
	for a, times := range w.seen {
		n[a.place] += min(times-1, 1)
	}
	return n
}
