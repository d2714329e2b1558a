package server

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"tally/localcloud/control"
	"tally/localcloud/store"
)

// openState opens the state. It fails with store.ErrUnusable if the state is missing
// although the code of functions is there: whoever has removed the one did not mean to
// lose the other.
func openState(c control.Config) (*store.Store, error) {
	if !store.Exists(c.Dir) {
		entries, err := os.ReadDir(c.FunctionsDir())
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), ".") { // which no function's name does
				return nil, fmt.Errorf("%s has the code of functions, but no state: %w", c.Dir, store.ErrUnusable)
			}
		}
	}
	return store.Open(c.Dir)
}

// watchState returns an error once the folder of the state has been removed or replaced,
// and nil when ctx ends. A local cloud that can store nothing would refuse every change.
func (s *Server) watchState(ctx context.Context) error {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C: // nothing reports this on every system
			if err := s.state.Check(); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

const watchInterval = 500 * time.Millisecond
