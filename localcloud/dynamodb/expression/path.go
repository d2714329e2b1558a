package expression

// Path is a document path, such as a.b[3].c. Its first element is the name of an
// attribute of the item.
type Path []Element

// Element is a step of a document path: the name of an attribute of a map, or the index
// of an element of a list.
type Element struct {
	Name  string // "" for an index
	Index int
}

// Attribute returns the name of the attribute of the item that the path begins with.
func (p Path) Attribute() string { return p[0].Name }

// String returns the path as DynamoDB's error messages write it: "[a, b, [3], c]".
func (p Path) String() string { return "" }
