package attribute

import "errors"

// UnmarshalJSON decodes a value in DynamoDB's JSON, such as {"N": "1"}, and validates
// it. It returns a *cloud.Error: SerializationException for JSON of the wrong shape, and
// ValidationException, in DynamoDB's words, for values that DynamoDB refuses: none or
// several data types, invalid numbers, sets that are empty or have duplicates, nesting
// deeper than 32 levels. Empty strings and binary values are valid here; the service
// refuses them in keys.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
func (v *Value) UnmarshalJSON(data []byte) error { return errors.ErrUnsupported }

// MarshalJSON encodes v in DynamoDB's JSON. The zero Value is an error.
func (v Value) MarshalJSON() ([]byte, error) { return nil, errors.ErrUnsupported }
