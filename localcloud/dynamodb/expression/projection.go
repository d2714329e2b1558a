package expression

import "tally/localcloud/dynamodb/attribute"

// Projection selects attributes of an item, or parts of them. A nil *Projection selects
// everything.
type Projection struct {
	paths []Path
	tree  *tree[struct{}]
}

// ParseProjection parses a projection expression.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html
func ParseProjection(text string, scope *Scope) (*Projection, error) {
	paths, err := parsePaths(text, scope)
	if err != nil {
		return nil, ProjectionExpression.wrap(err)
	}
	return NewProjection(paths), nil
}

func parsePaths(text string, scope *Scope) ([]Path, error) {
	list := &node{}
	err := parse(text, "", func(p *parser) bool {
		return p.list(func() bool {
			n, ok := p.path()
			list.args = append(list.args, n)
			return ok
		})
	})
	if err != nil {
		return nil, err
	}
	if err := checkReserved(list); err != nil {
		return nil, err
	}
	if err := resolve(list, scope); err != nil {
		return nil, err
	}
	var paths []Path
	for _, n := range list.args {
		paths = append(paths, n.path)
	}
	return paths, checkOverlap(paths)
}

// NewProjection returns the projection that selects the paths, which do not overlap.
func NewProjection(paths []Path) *Projection {
	p := &Projection{paths: paths, tree: &tree[struct{}]{}}
	for _, path := range paths {
		p.tree.insert(path, struct{}{})
	}
	return p
}

// Project returns what the projection selects of the item, in the same structure. The
// selected elements of a list follow each other in the order of their indexes. It shares
// values with the item, and is nil only if the item is.
func (p *Projection) Project(item attribute.Item) attribute.Item {
	if p == nil || item == nil {
		return item
	}
	selected, ok := project(p.tree, attribute.Map(item))
	if !ok {
		return attribute.Item{}
	}
	return selected.M()
}

// project returns the selected parts of v, and whether there are any.
func project(t *tree[struct{}], v attribute.Value) (selected attribute.Value, ok bool) {
	if t.leaf != nil {
		return v, !v.IsZero()
	}
	fields := attribute.Item{}
	for name, child := range t.fields {
		if part, ok := project(child, v.M()[name]); ok {
			fields[name] = part
		}
	}
	if len(fields) > 0 {
		return attribute.Map(fields), true
	}
	var elements []attribute.Value
	for _, index := range t.indexes() {
		if index >= len(v.L()) {
			break
		}
		if part, ok := project(t.elements[index], v.L()[index]); ok {
			elements = append(elements, part)
		}
	}
	return attribute.List(elements...), len(elements) > 0
}

// Attributes returns the names of the item's attributes that the projection selects,
// sorted and distinct, and nil if it selects everything.
func (p *Projection) Attributes() []string {
	if p == nil {
		return nil
	}
	var names []string
	for _, path := range p.paths {
		names = append(names, path.Attribute())
	}
	return sortedNames(names)
}
