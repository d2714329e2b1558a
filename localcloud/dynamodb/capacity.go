package dynamodb

const (
	readUnit  = 4 << 10 // bytes
	writeUnit = 1 << 10 // bytes
)

// readUnits and writeUnits return the units that reading or writing that many bytes
// consumes. Nothing at all consumes one unit, too.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
func readUnits(bytes int) int  { return max(1, (bytes+readUnit-1)/readUnit) }
func writeUnits(bytes int) int { return max(1, (bytes+writeUnit-1)/writeUnit) }

// consistency is the number of read units that a request consumes for each unit it reads.
type consistency float64

const (
	eventual      consistency = 0.5
	strong        consistency = 1
	transactional consistency = 2
)

func consistencyOf(consistent *bool) consistency {
	if consistent != nil && *consistent {
		return strong
	}
	return eventual
}

// Capacity is what a table or an index consumed.
type Capacity struct {
	CapacityUnits      float64
	ReadCapacityUnits  float64 `json:",omitempty"`
	WriteCapacityUnits float64 `json:",omitempty"`
}

// ConsumedCapacity is what a request consumed of a table.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ConsumedCapacity.html
type ConsumedCapacity struct {
	TableName              string
	CapacityUnits          float64
	ReadCapacityUnits      float64             `json:",omitempty"` // of transactions
	WriteCapacityUnits     float64             `json:",omitempty"` // of transactions
	Table                  *Capacity           `json:",omitempty"` // with INDEXES
	LocalSecondaryIndexes  map[string]Capacity `json:",omitempty"`
	GlobalSecondaryIndexes map[string]Capacity `json:",omitempty"`
}

// usage is what a request consumed of one table, in units.
type usage struct {
	table   *Table
	write   bool
	base    float64 // of the table itself
	indexes map[string]float64
}

// used returns the usage of an effect; transactions consume twice the units.
func (e *effect) used(t *Table, factor float64) usage {
	u := usage{table: t, write: true, base: factor * float64(e.table), indexes: map[string]float64{}}
	for name, n := range e.indexes {
		u.indexes[name] = factor * float64(n)
	}
	return u
}

func (u usage) total() float64 {
	total := u.base
	for _, n := range u.indexes {
		total += n
	}
	return total
}

// add adds what another request to the same table consumed.
func (u *usage) add(v usage) {
	u.table, u.write = v.table, v.write
	u.base += v.base
	for name, n := range v.indexes {
		if u.indexes == nil {
			u.indexes = map[string]float64{}
		}
		u.indexes[name] += n
	}
}

// returned returns the consumed capacity as a request asks for it with
// ReturnConsumedCapacity: nil for NONE. In transactions, reads and writes are named.
func (u usage) returned(detail, tableName string, named bool) *ConsumedCapacity {
	if detail != "TOTAL" && detail != "INDEXES" {
		return nil
	}
	c := &ConsumedCapacity{TableName: tableName, CapacityUnits: u.total()}
	of := func(n float64) Capacity {
		switch {
		case named && u.write:
			return Capacity{CapacityUnits: n, WriteCapacityUnits: n}
		case named:
			return Capacity{CapacityUnits: n, ReadCapacityUnits: n}
		}
		return Capacity{CapacityUnits: n}
	}
	all := of(c.CapacityUnits)
	c.ReadCapacityUnits, c.WriteCapacityUnits = all.ReadCapacityUnits, all.WriteCapacityUnits
	if detail == "TOTAL" {
		return c
	}
	base := of(u.base)
	c.Table = &base
	for name, n := range u.indexes {
		group := &c.GlobalSecondaryIndexes
		if _, local := u.table.index(name); local {
			group = &c.LocalSecondaryIndexes
		}
		if *group == nil {
			*group = map[string]Capacity{}
		}
		(*group)[name] = of(n)
	}
	return c
}
