package attribute

// Size returns the size of v in bytes by DynamoDB's rules, without the attribute's name.
//
// The documentation gives the size of numbers approximately. Here it is exact for all
// sizes that were measured on AWS: a byte, one for each pair of digits to the left and to
// the right of the decimal point, and one for a minus sign.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func (v Value) Size() int {
	const container, element = 3, 1 // what a list or map, and each of its elements, adds
	size := 0
	switch data := v.data.(type) {
	case string:
		return len(data)
	case []byte:
		return len(data)
	case Number:
		return data.size()
	case bool, null:
		return 1
	case Item:
		return container + element*len(data) + data.Size()
	case []Value:
		for _, e := range data {
			size += element + e.Size()
		}
		return container + size
	case []string:
		for _, e := range data {
			size += len(e)
		}
	case []Number:
		for _, e := range data {
			size += e.size()
		}
	case [][]byte:
		for _, e := range data {
			size += len(e)
		}
	}
	return size
}

// Size returns the size of the item in bytes by DynamoDB's rules: the names of its
// attributes in UTF-8, and their values.
func (i Item) Size() int {
	size := 0
	for name, v := range i {
		size += len(name) + v.Size()
	}
	return size
}

func (n Number) size() int {
	if n.digits == "" {
		return 1
	}
	size := 1 + n.pairs()
	if n.negative {
		size++
	}
	return size
}

// Depth returns the number of levels of v: 1 for a scalar, a set, and an empty list or
// map, and one more than the deepest of its elements for others. DynamoDB allows 32
// levels below an item.
func (v Value) Depth() int {
	deepest := 0
	for _, e := range v.L() {
		deepest = max(deepest, e.Depth())
	}
	for _, e := range v.M() {
		deepest = max(deepest, e.Depth())
	}
	return 1 + deepest
}
