package dynamodb

import (
	"slices"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb/attribute"
)

// maxPage is the size in bytes after which a page ends.
const maxPage = 1 << 20

// A page is the part of a query or scan that one request reads.
type page struct {
	expressions
	operation   string // "Query" or "Scan"
	index       string // "" for the table
	consistency consistency
	limit       *int
	selected    string // the parameter Select
	start       attribute.Item
	descending  bool

	row       *Table // set by bind
	schema    Schema // of the table or index
	secondary *Index // the index, or nil
	local     bool
	fetch     bool // reads items from the table, because the index lacks attributes

	from, to string // the range of keys in the store
}

// constraints checks the members that queries and scans share.
func (p *page) constraints(table string, index *string, capacity string) constraints {
	var c constraints
	c.table(table)
	if index != nil {
		p.index = *index
		c.name(p.index, "indexName")
	}
	c.enum(p.selected, "select", selects)
	c.enum(capacity, "returnConsumedCapacity", returnCapacity)
	c.atLeast(p.limit, 1, "limit")
	return c
}

// access returns what the page accesses, without the partition key of a query.
func (p *page) access(caller cloud.Caller, action, table, capacity string) access {
	return access{caller: caller, action: action, table: table, index: p.index, attributes: p.named(), selected: p.selects(), capacity: capacity}
}

// selects returns the value of Select, or what it is by default.
func (p *page) selects() string {
	switch {
	case p.selected != "":
		return p.selected
	case p.projection != nil:
		return "SPECIFIC_ATTRIBUTES"
	case p.index != "":
		return "ALL_PROJECTED_ATTRIBUTES"
	}
	return "ALL_ATTRIBUTES"
}

// bind checks the page against the schema of the table.
func (p *page) bind(t *table) error {
	p.row = t.current()
	p.schema = p.row.Key
	if p.index != "" {
		if p.secondary, p.local = p.row.index(p.index); p.secondary == nil {
			return invalid("The table does not have the specified index: %s", p.index)
		}
		p.schema = p.secondary.Key
		if !p.local && p.consistency == strong {
			return invalid("Consistent reads are not supported on global secondary indexes")
		}
	}
	if err := p.checkSelect(); err != nil {
		return err
	}
	if err := p.checkFilter(); err != nil {
		return err
	}
	if err := p.checkAttributes(); err != nil {
		return err
	}
	return p.checkStart()
}

// checkSelect checks Select together with the projection.
func (p *page) checkSelect() error {
	switch {
	case p.selected == "ALL_PROJECTED_ATTRIBUTES" && p.secondary == nil:
		return invalidValue("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	case p.selected == "SPECIFIC_ATTRIBUTES" && p.projection == nil:
		return invalidValue("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	case p.projection != nil && p.selected == "COUNT":
		return invalidValue("Cannot specify the ProjectionExpression when choosing to get only the Count")
	case p.projection != nil && p.selects() != "SPECIFIC_ATTRIBUTES":
		return invalidValue("Cannot specify the ProjectionExpression when choosing to get %s", p.selected)
	}
	return nil
}

// checkFilter refuses the filter of a query that refers to keys.
func (p *page) checkFilter() error {
	if p.operation != "Query" {
		return nil
	}
	for _, name := range p.condition.Attributes() {
		if slices.Contains(p.schema.names(), name) {
			return invalid("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", name)
		}
	}
	return nil
}

// checkAttributes decides whether the items are read from the table, which is possible
// with local indexes.
func (p *page) checkAttributes() error {
	if p.secondary == nil {
		return nil
	}
	names, some := p.row.projected(p.secondary)
	if !some {
		return nil
	}
	missing := slices.DeleteFunc(p.projection.Attributes(), func(name string) bool { return slices.Contains(names, name) })
	switch {
	case p.local:
		p.fetch = p.selected == "ALL_ATTRIBUTES" || len(missing) > 0
	case p.selected == "ALL_ATTRIBUTES":
		return invalidValue("Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", p.index)
	case len(missing) > 0:
		return invalidValue("Global secondary index %s does not project [%s]", p.index, strings.Join(missing, ", "))
	}
	return nil
}

// startNames returns the attributes of a start key: the keys of the table and the index.
func (p *page) startNames() []string {
	names := p.row.Key.names()
	for _, name := range p.schema.names() {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// startOf returns the start key of the page after the one that ends with an item.
func (p *page) startOf(item attribute.Item) attribute.Item {
	key := attribute.Item{}
	for _, name := range p.startNames() {
		key[name] = item[name]
	}
	return key
}

func (p *page) checkStart() error {
	if p.start == nil {
		return nil
	}
	names := p.startNames()
	if len(p.start) != len(names) {
		return p.badStart()
	}
	for _, name := range names {
		if v, ok := p.start[name]; !ok || v.Type() != p.row.Attributes[name] || emptyKind(v) != "" {
			return p.badStart()
		}
	}
	for _, k := range []Schema{p.row.Key, p.schema} {
		if err := checkKeySize(k, p.start); err != nil {
			return err
		}
	}
	return nil
}

func (p *page) badStart() error {
	if p.index != "" {
		return invalid("The provided starting key is invalid")
	}
	return invalid("The provided starting key is invalid: The provided key element does not match the schema")
}

// startKey returns the key in the store of the item after which the page starts.
func (p *page) startKey() string {
	if p.secondary == nil {
		return itemKey(p.row, p.start)
	}
	return indexKey(p.row, p.secondary, p.start)
}

// page reads a page.
func (s *Service) page(p *page, capacity string) (out PageOutput, err error) {
	if p.start != nil {
		if at := p.startKey(); p.descending {
			p.to = min(p.to, at)
		} else {
			p.from = max(p.from, at+"\x00")
		}
	}
	r := reader{service: s, page: p, items: []attribute.Item{}}
	if err := s.items.Range(p.from, p.to, p.descending, r.visit); err != nil {
		return out, err
	}
	if r.err != nil {
		return out, r.err
	}
	if p.consistency == strong {
		if err := s.settle(); err != nil {
			return out, err
		}
	}
	u := r.usage()
	s.reportUsage(u)
	out = PageOutput{Count: r.count, ScannedCount: r.scanned, LastEvaluatedKey: r.last, ConsumedCapacity: u.returned(capacity, p.row.Name, false)}
	if p.selected != "COUNT" {
		out.Items = &r.items
	}
	s.metrics.Report(namespace, time.Now(), s.of(p.operation, p.row.Name), []cloud.MetricValue{cloud.Counted("ReturnedItemCount", r.count)})
	return out, nil
}

// A reader reads the items of a page.
type reader struct {
	service *Service
	page    *page
	items   []attribute.Item // that the page returns
	count   int              // of those that match the filter
	scanned int
	bytes   int // of those that were read
	fetched int // units of reading items from the table
	last    attribute.Item
	err     error
}

// visit reads an item, and reports whether the page continues.
func (r *reader) visit(_ string, raw []byte) bool {
	item, size, err := decodeItem(raw)
	if err != nil {
		r.err = err
		return false
	}
	r.scanned++
	r.bytes += size
	whole := item
	if r.page.fetch {
		if whole, r.err = r.whole(item); r.err != nil {
			return false
		}
	}
	if whole != nil { // otherwise it has been deleted since the page began
		r.take(whole)
	}
	if r.page.limit != nil && r.scanned == *r.page.limit || r.bytes >= maxPage {
		r.last = r.page.startOf(item)
		return false
	}
	return true
}

// whole returns the table's item for an item of an index.
func (r *reader) whole(item attribute.Item) (attribute.Item, error) {
	item, size, err := r.service.read(itemKey(r.page.row, item))
	r.fetched += readUnits(size)
	return item, err
}

// take adds an item to the page, if it matches the filter.
func (r *reader) take(item attribute.Item) {
	if !r.page.condition.Match(item) {
		return
	}
	r.count++
	if r.page.selected != "COUNT" {
		r.items = append(r.items, r.page.projection.Project(item))
	}
}

// usage returns what the page consumed. The sizes of all items are added and then rounded.
func (r *reader) usage() usage {
	n := float64(r.page.consistency) * float64(readUnits(r.bytes))
	if r.page.secondary == nil {
		return usage{table: r.page.row, base: n}
	}
	return usage{table: r.page.row, base: float64(r.page.consistency) * float64(r.fetched), indexes: map[string]float64{r.page.index: n}}
}
