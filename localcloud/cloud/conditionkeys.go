package cloud

import "context"

type conditionKeys struct{}

// WithConditionKeys returns a context that carries the condition keys of a client's
// request, such as aws:SourceIp. They apply to every authorization that the
// request causes. Authorizers treat the map as read-only.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func WithConditionKeys(ctx context.Context, keys map[string][]string) context.Context {
	return context.WithValue(ctx, conditionKeys{}, keys)
}

// ConditionKeys returns the condition keys that ctx carries, or nil if there are
// none.
func ConditionKeys(ctx context.Context) map[string][]string {
	keys, _ := ctx.Value(conditionKeys{}).(map[string][]string)
	return keys
}
