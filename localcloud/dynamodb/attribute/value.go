// Package attribute holds DynamoDB's attribute values: how they are written, compared,
// measured and ordered. It has no state and does no I/O.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
package attribute

// Type is the data type of a value, as in DynamoDB's JSON: "S", "N", "B" and so on.
type Type string

// The data types.
const (
	S    Type = "S"    // string, UTF-8
	N    Type = "N"    // number
	B    Type = "B"    // binary
	BOOL Type = "BOOL" // true or false
	NULL Type = "NULL" // null
	M    Type = "M"    // map
	L    Type = "L"    // list
	SS   Type = "SS"   // set of strings
	NS   Type = "NS"   // set of numbers
	BS   Type = "BS"   // set of binary values
)

// Value is an attribute value. Values do not change: callers must not modify the slices
// and maps that its methods return, nor those it was made from. The zero Value is no
// value: its type is "", and it equals only itself.
type Value struct{ data any }

// Item is an item or a map: attribute names and their values.
type Item map[string]Value

// String returns a value of type S.
func String(s string) Value { return Value{s} }

// Num returns a value of type N.
func Num(n Number) Value { return Value{n} }

// Int returns a value of type N.
func Int(n int64) Value { return Value{intNumber(n)} }

// Binary returns a value of type B.
func Binary(b []byte) Value { return Value{b} }

// Bool returns a value of type BOOL.
func Bool(b bool) Value { return Value{b} }

// Null returns a value of type NULL.
func Null() Value { return Value{null{}} }

// Map returns a value of type M.
func Map(m Item) Value { return Value{m} }

// List returns a value of type L.
func List(elements ...Value) Value { return Value{elements} }

// Strings returns a value of type SS. The elements must be distinct.
func Strings(elements ...string) Value { return Value{elements} }

// Numbers returns a value of type NS. The elements must be distinct.
func Numbers(elements ...Number) Value { return Value{elements} }

// Binaries returns a value of type BS. The elements must be distinct.
func Binaries(elements ...[]byte) Value { return Value{elements} }

type null struct{}

// Type returns the data type of v, or "" if v is the zero Value.
func (v Value) Type() Type {
	switch v.data.(type) {
	case string:
		return S
	case Number:
		return N
	case []byte:
		return B
	case bool:
		return BOOL
	case null:
		return NULL
	case Item:
		return M
	case []Value:
		return L
	case []string:
		return SS
	case []Number:
		return NS
	case [][]byte:
		return BS
	}
	return ""
}

// IsZero reports whether v is the zero Value, which is no value.
func (v Value) IsZero() bool { return v.data == nil }

// S returns the string of a value of type S, and "" for other types.
func (v Value) S() string { s, _ := v.data.(string); return s }

// N returns the number of a value of type N, and 0 for other types.
func (v Value) N() Number { n, _ := v.data.(Number); return n }

// B returns the bytes of a value of type B, and nil for other types.
func (v Value) B() []byte { b, _ := v.data.([]byte); return b }

// M returns the map of a value of type M, and nil for other types.
func (v Value) M() Item { m, _ := v.data.(Item); return m }

// L returns the elements of a value of type L, and nil for other types.
func (v Value) L() []Value { l, _ := v.data.([]Value); return l }

// SS returns the elements of a value of type SS, and nil for other types.
func (v Value) SS() []string { s, _ := v.data.([]string); return s }

// NS returns the elements of a value of type NS, and nil for other types.
func (v Value) NS() []Number { n, _ := v.data.([]Number); return n }

// BS returns the elements of a value of type BS, and nil for other types.
func (v Value) BS() [][]byte { b, _ := v.data.([][]byte); return b }
