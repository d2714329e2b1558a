package expression

import "strconv"

// maxIndex is the largest index of an element of a list.
const maxIndex = 1<<31 - 1

// checkReserved refuses names of attributes in n that are reserved words.
func checkReserved(n *node) error {
	return n.walk(func(n *node) error {
		for _, step := range n.steps {
			if step.kind == wordToken && isReserved(step.text) {
				return invalid("Attribute name is a reserved keyword; reserved keyword: %s", step.text)
			}
		}
		return nil
	})
}

// resolve sets the paths and values in n. It looks up the placeholders in the order of the
// text.
func resolve(n *node, scope *Scope) error {
	return n.walk(func(n *node) error {
		if err := resolvePath(n, scope); err != nil {
			return err
		}
		return resolveValue(n, scope)
	})
}

// resolvePath sets the path of a node that is one.
func resolvePath(n *node, scope *Scope) error {
	if n.kind != pathNode {
		return nil
	}
	if len(n.steps) > maxPath {
		return invalid("The document path has too many nesting levels; nesting levels: %d", len(n.steps))
	}
	n.path = make(Path, len(n.steps))
	for i, step := range n.steps {
		e, err := element(step, scope)
		if err != nil {
			return err
		}
		n.path[i] = e
	}
	return nil
}

// element returns the step of a path that is written as t.
func element(t token, scope *Scope) (Element, error) {
	switch t.kind {
	case nameToken:
		name, err := scope.name(t.text)
		return Element{Name: name}, err
	case indexToken:
		index, err := strconv.ParseUint(t.text, 10, 64)
		if err != nil || index > maxIndex {
			return Element{}, invalid("List index is not within the allowable range; index: [%s]", t.text)
		}
		return Element{Index: int(index)}, nil
	}
	return Element{Name: t.text}, nil
}

// resolveValue sets the value of a node that is one.
func resolveValue(n *node, scope *Scope) (err error) {
	if n.kind == valueNode {
		n.value, err = scope.value(n.name)
	}
	return err
}
