package cloud

import "errors"

// PolicyChecker is an optional interface of an Authorizer. It validates a resource
// policy when the policy is set, so that an invalid one does not cause every
// request to the resource to be refused later.
type PolicyChecker interface {
	// CheckResourcePolicy returns a *PolicyError if the document is not a valid
	// resource policy or names a principal that does not exist.
	CheckResourcePolicy(document string) error
}

// CheckResourcePolicy checks a document if the Authorizer is a PolicyChecker, and
// returns nil otherwise.
func CheckResourcePolicy(a Authorizer, document string) error {
	if checker, ok := a.(PolicyChecker); ok {
		return checker.CheckResourcePolicy(document)
	}
	return nil
}

// A PolicyError is the reason why a policy document is invalid. Its message is that of
// IAM. Other services refuse invalid policies in words of their own, see
// [RewordPolicyError].
type PolicyError struct {
	Refusal   *Error // IAM's: MalformedPolicyDocument
	Detail    string // position and mistake: "Statement[0].Principal: check its spelling"
	Principal bool   // whether a principal is invalid or does not exist
}

func (e *PolicyError) Error() string { return e.Refusal.Error() }

// Unwrap returns the *Error.
func (e *PolicyError) Unwrap() error { return e.Refusal }

// RewordPolicyError returns the result of reword for a *PolicyError, and any other
// error unchanged.
func RewordPolicyError(err error, reword func(*PolicyError) error) error {
	if p, ok := errors.AsType[*PolicyError](err); ok {
		return reword(p)
	}
	return err
}

// CheckOptional applies check to a value that is set. It returns nil for the zero
// value, which means that the value is not set.
func CheckOptional[T comparable](value T, check func(T) error) error {
	var zero T
	if value == zero {
		return nil
	}
	return check(value)
}
