package expression

import "tally/localcloud/dynamodb/attribute"

// Update is a parsed update expression. A nil *Update changes nothing.
type Update struct {
	actions []action
	paths   []Path
}

// action sets, removes or changes the value at a path.
type action struct {
	clause string // SET, REMOVE, ADD or DELETE
	target *node  // the path
	value  *node  // nil for REMOVE
}

// ParseUpdate parses an update expression.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
func ParseUpdate(text string, scope *Scope) (*Update, error) {
	u := &Update{}
	if err := u.parse(text, scope); err != nil {
		return nil, UpdateExpression.wrap(err)
	}
	return u, nil
}

// Paths returns the paths that the update sets or removes, in the order of the expression.
// The service refuses those of key attributes.
func (u *Update) Paths() []Path {
	if u == nil {
		return nil
	}
	return u.paths
}

// Attributes returns the names of the item's attributes that the update writes or reads,
// sorted and distinct.
func (u *Update) Attributes() []string {
	if u == nil {
		return nil
	}
	var names []string
	for _, a := range u.actions {
		names = a.node().attributes(names)
	}
	return sortedNames(names)
}

// node returns the target and the value of an action as one node.
func (a action) node() *node {
	if a.value == nil {
		return &node{args: []*node{a.target}}
	}
	return &node{args: []*node{a.target, a.value}}
}

// creates reports whether the update creates an item that does not exist. REMOVE and
// DELETE alone do not.
func (u *Update) creates() bool {
	if u == nil {
		return true
	}
	for _, a := range u.actions {
		if a.clause == "SET" || a.clause == "ADD" {
			return true
		}
	}
	return false
}

// edit is what an update does to the value at a path: it sets the value, or removes it if
// that is zero.
type edit struct{ value attribute.Value }
