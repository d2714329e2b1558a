package expression

import (
	"errors"

	"tally/localcloud/dynamodb/attribute"
)

// Update is a parsed update expression. A nil *Update changes nothing.
type Update struct{}

// ParseUpdate parses an update expression.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
func ParseUpdate(text string, scope *Scope) (*Update, error) { return nil, errors.ErrUnsupported }

// Apply returns old with the changes of the update. Operands refer to old, and old is not
// modified. For an item that does not exist, pass an item with its key attributes only.
// touched are the paths that the update sets or removes, as in old and new, for
// UPDATED_OLD and UPDATED_NEW: see [NewProjection].
func (u *Update) Apply(old attribute.Item) (updated attribute.Item, touched []Path, err error) {
	return nil, nil, errors.ErrUnsupported
}

// Paths returns the paths that the update sets or removes, in the order of the expression.
// The service refuses those of key attributes.
func (u *Update) Paths() []Path { return nil }

// Attributes returns the names of the item's attributes that the update writes or reads,
// sorted and distinct.
func (u *Update) Attributes() []string { return nil }
