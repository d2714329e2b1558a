package sum

import "errors"

// InputError describes a fault in one field of an input.
type InputError struct {
	Field  string // "num1", or "" for the input as a whole
	Reason string // a predicate that includes what is allowed: "must be …, not …"
}

// Error returns "field: reason", or the reason alone if Field is empty.
func (e *InputError) Error() string {
	if e.Field == "" {
		return e.Reason
	}
	return e.Field + ": " + e.Reason
}

// InputErrors lists the faults in one input, at least one and at most 10: first
// those of the fields given, in the order of a body or sorted by name for a query,
// then the missing fields.
type InputErrors []*InputError

// Error returns the errors' texts, one per line.
func (e InputErrors) Error() string { return errors.Join(e.Unwrap()...).Error() }

// Unwrap returns the errors for use by errors.Is and errors.As.
func (e InputErrors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, err := range e {
		errs[i] = err
	}
	return errs
}
