package backlog

// InMemory returns the number of waiting tasks that are in memory.
func (b *Backlog) InMemory() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.lanes {
		n += len(l.window)
	}
	return n
}

// Len returns the number of tasks.
func (b *Backlog) Len() (n int) {
	for _, tasks := range b.Lens() {
		n += tasks
	}
	return n
}
