package cloud

import "context"

type conditionKeys struct{}

// WithConditionKeys returns a context that carries condition keys of a client's
// request, such as aws:SourceIp, for every authorization that the request leads
// to. Authorizers treat the map as read-only.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func WithConditionKeys(ctx context.Context, keys map[string][]string) context.Context {
	return context.WithValue(ctx, conditionKeys{}, keys)
}

// ConditionKeys returns the condition keys that ctx carries, or nil.
func ConditionKeys(ctx context.Context) map[string][]string {
	keys, _ := ctx.Value(conditionKeys{}).(map[string][]string)
	return keys
}
