package attribute

// Size returns the size of v in bytes by DynamoDB's rules, without the attribute's name.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func (v Value) Size() int { return 0 }

// Size returns the size of the item in bytes by DynamoDB's rules: the names of its
// attributes in UTF-8, and their values.
func (i Item) Size() int { return 0 }
