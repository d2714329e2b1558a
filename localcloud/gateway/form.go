package gateway

import (
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"tally/localcloud/cloud"
)

// A form holds the parameters of a Query request, by full name and as a tree, in
// which each dot of a name starts a new level: "Entries.member.2.Id" is the Id of
// the second item of a list.
type form struct {
	all  map[string]*parameter
	root parameter
}

// A parameter is a node of the tree of a form.
type parameter struct {
	name  string // in full
	value string
	given bool // whether the request has a value for it, possibly ""
	read  bool // whether the value has been used
	below map[string]*parameter
}

func newForm(values url.Values) (*form, error) {
	f := &form{all: make(map[string]*parameter, len(values))}
	for _, name := range slices.Sorted(maps.Keys(values)) { // so that the first error is always the same
		if n := len(values[name]); n > 1 {
			return nil, malformed("Parameter %s is given %d times", name, n)
		}
		f.set(name, values.Get(name))
	}
	return f, nil
}

func (f *form) set(name, value string) {
	at := &f.root
	for start := 0; start <= len(name); {
		part, _, _ := strings.Cut(name[start:], ".")
		start += len(part)
		next := at.below[part]
		if next == nil {
			next = &parameter{name: name[:start]}
			if at.below == nil {
				at.below = map[string]*parameter{}
			}
			at.below[part] = next
		}
		at = next
		start++ // the dot
	}
	at.value, at.given = value, true
	f.all[name] = at
}

// get returns the value of a parameter that every operation has.
func (f *form) get(name string) string {
	p := f.all[name]
	if p == nil {
		return ""
	}
	p.read = true
	return p.value
}

// decode decodes the form into the struct that into points to, and refuses
// parameters that the struct does not have.
func (f *form) decode(operation string, into any) error {
	v := reflect.ValueOf(into).Elem()
	err := f.root.setStruct(v)
	for _, name := range slices.Sorted(maps.Keys(f.all)) {
		if !f.all[name].read {
			return unknownParameter("ValidationError", name, operation, parameterNames(v.Type(), ""))
		}
	}
	return err
}

func (p *parameter) setStruct(v reflect.Value) error {
	for f, field := range v.Fields() {
		if member := p.find(queryName(f)); member != nil {
			if err := member.set(field); err != nil {
				return err
			}
		}
	}
	return nil
}

// find returns the parameter below p with that name, or nil. SDKs send an empty
// list as its name alone, without the infix of its items, so find marks the
// parameters without a value on the path as read.
func (p *parameter) find(name string) *parameter {
	for part := range strings.SplitSeq(name, ".") {
		if p = p.below[part]; p == nil {
			return nil
		}
		p.read = p.read || p.value == ""
	}
	return p
}

func (p *parameter) set(v reflect.Value) error {
	switch {
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[instant]():
		return p.setStruct(v)
	case v.Kind() == reflect.Pointer && v.Type().Elem().Kind() == reflect.Struct:
		v.Set(reflect.New(v.Type().Elem()))
		return p.set(v.Elem())
	case v.Kind() == reflect.Map:
		return p.setMap(v)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		return p.setList(v)
	case !p.given:
		return nil
	}
	p.read = true
	if err := setText(v, p.value); err != nil {
		return malformed("Parameter %s: %v", p.name, err)
	}
	return nil
}

// setList sets a list. A list of strings may also be one item without a number,
// as in AWS's example of ReceiveMessage with AttributeName=All:
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
func (p *parameter) setList(v reflect.Value) error {
	items := p.items()
	if p.value != "" && len(items) == 0 && v.Type().Elem().Kind() == reflect.String {
		items = []*parameter{p}
	}
	for _, item := range items {
		e := reflect.New(v.Type().Elem()).Elem()
		if err := item.set(e); err != nil {
			return err
		}
		v.Set(reflect.Append(v, e))
	}
	return nil
}

// tagsByKey is a map whose items have Key in place of Name.
type tagsByKey map[string]string

// setMap sets a map, which is a list of items with Name and Value.
func (p *parameter) setMap(v reflect.Value) error {
	for _, item := range p.items() {
		var name string
		if named := item.find(mapKey(v.Type())); named != nil {
			if err := named.set(reflect.ValueOf(&name).Elem()); err != nil {
				return err
			}
		}
		key, e := reflect.ValueOf(name), reflect.New(v.Type().Elem()).Elem()
		if value := item.find("Value"); value != nil {
			if err := value.set(e); err != nil {
				return err
			}
		}
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		if v.MapIndex(key).IsValid() {
			return malformed("Parameter %s.%s: '%s' is given twice", item.name, mapKey(v.Type()), name)
		}
		v.SetMapIndex(key, e)
	}
	return nil
}

func mapKey(t reflect.Type) string {
	if t == reflect.TypeFor[tagsByKey]() {
		return "Key"
	}
	return "Name"
}

// items returns the items of a list in the order of their numbers.
func (p *parameter) items() []*parameter {
	byNumber := map[int]*parameter{}
	for part, item := range p.below {
		if n, err := strconv.Atoi(part); err == nil && n >= 0 && strconv.Itoa(n) == part {
			byNumber[n] = item
		}
	}
	var items []*parameter
	for _, n := range slices.Sorted(maps.Keys(byNumber)) {
		items = append(items, byNumber[n])
	}
	return items
}

// parameterNames returns the names of the parameters that a struct takes, with N
// for the number of an item.
func parameterNames(t reflect.Type, prefix string) []string {
	var names []string
	for f := range t.Fields() {
		name := prefix + queryName(f)
		switch {
		case f.Type.Kind() == reflect.Map:
			names = append(names, name+".N."+mapKey(f.Type))
			if f.Type.Elem().Kind() == reflect.Struct {
				names = append(names, parameterNames(f.Type.Elem(), name+".N.Value.")...)
			} else {
				names = append(names, name+".N.Value")
			}
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			names = append(names, parameterNames(f.Type.Elem(), name+".N.")...)
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.String:
			names = append(names, name+".N")
		default:
			names = append(names, name)
		}
	}
	return names
}

func malformed(format string, args ...any) error {
	return cloud.Errorf(http.StatusBadRequest, "MalformedInput", format, args...)
}
