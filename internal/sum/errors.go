package sum

import "errors"

// InputError says what is wrong with one field of an input.
type InputError struct {
	Field  string // "num1", or "" for the input as a whole
	Reason string // "must be …, not …": what the field may be
}

func (e *InputError) Error() string {
	if e.Field == "" {
		return e.Reason
	}
	return e.Field + ": " + e.Reason
}

// InputErrors are all that is wrong with one input, in its own order, then the
// missing fields. There is at least one.
type InputErrors []*InputError

func (e InputErrors) Error() string { return errors.Join(e.Unwrap()...).Error() }

// Unwrap lets errors.As find each *InputError.
func (e InputErrors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, err := range e {
		errs[i] = err
	}
	return errs
}
