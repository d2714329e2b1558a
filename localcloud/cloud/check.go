package cloud

// PolicyChecker is an optional ability of an Authorizer: to refuse a resource
// policy when it is set, instead of every request that it would decide.
type PolicyChecker interface {
	// CheckResourcePolicy returns the *Error of AWS for a document that is not a
	// valid resource policy.
	CheckResourcePolicy(document string) error
}

// CheckResourcePolicy checks a document if the Authorizer can, and returns nil if
// it cannot.
func CheckResourcePolicy(a Authorizer, document string) error {
	if checker, ok := a.(PolicyChecker); ok {
		return checker.CheckResourcePolicy(document)
	}
	return nil
}

// CheckOptional applies check to a value that is set, which the zero value is not.
func CheckOptional[T comparable](value T, check func(T) error) error {
	var zero T
	if value == zero {
		return nil
	}
	return check(value)
}
