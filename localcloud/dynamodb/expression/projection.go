package expression

import (
	"errors"

	"tally/localcloud/dynamodb/attribute"
)

// Projection selects attributes of an item, or parts of them.
type Projection struct{}

// ParseProjection parses a projection expression.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html
func ParseProjection(text string, scope *Scope) (Projection, error) {
	return Projection{}, errors.ErrUnsupported
}

// NewProjection returns the projection that selects the paths.
func NewProjection(paths []Path) Projection { return Projection{} }

// Project returns what the projection selects of the item, in the same structure. The
// selected elements of a list follow each other in the order of their indexes. It shares
// values with the item.
func (p Projection) Project(item attribute.Item) attribute.Item { return nil }

// Attributes returns the names of the item's attributes that the projection selects,
// sorted and distinct.
func (p Projection) Attributes() []string { return nil }
