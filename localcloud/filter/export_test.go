package filter

// Complexity returns what the limits of a policy for the message body apply to.
func Complexity(document string) (keys, combinations, points int, err error) {
	p, err := Parse(Body, document)
	if err != nil {
		return 0, 0, 0, err
	}
	return p.root.keys(), p.root.combinations(1), p.root.complexity().points, nil
}
