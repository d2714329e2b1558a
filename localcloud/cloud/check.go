package cloud

// PolicyChecker is an optional interface of an Authorizer. It validates a resource
// policy when the policy is set, so that an invalid one does not cause every
// request to the resource to be refused later.
type PolicyChecker interface {
	// CheckResourcePolicy returns AWS's *Error if the document is not a valid
	// resource policy.
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

// CheckOptional applies check to a value that is set. It returns nil for the zero
// value, which means that the value is not set.
func CheckOptional[T comparable](value T, check func(T) error) error {
	var zero T
	if value == zero {
		return nil
	}
	return check(value)
}
