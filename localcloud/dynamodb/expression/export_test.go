package expression

// ReservedWords returns the reserved words.
func ReservedWords() map[string]bool { return reserved }
