package backlog

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"tally/localcloud/store"
)

// Encode returns a record of a header, as JSON, and a body as it is. Bodies are large,
// and mostly JSON already.
func Encode[T string | []byte](header any, body T) ([]byte, error) {
	head, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	record := make([]byte, 0, binary.MaxVarintLen32+len(head)+len(body))
	record = binary.AppendUvarint(record, uint64(len(head)))
	return append(append(record, head...), body...), nil
}

// Decode sets header to that of a record and returns the body, which aliases the record.
// A damaged record is store.ErrUnusable.
func Decode(record []byte, header any) (body []byte, err error) {
	size, n := binary.Uvarint(record)
	if n <= 0 || uint64(len(record)-n) < size {
		return nil, fmt.Errorf("record of %d bytes: %w", len(record), store.ErrUnusable)
	}
	head, body := record[n:n+int(size)], record[n+int(size):]
	if err := json.Unmarshal(head, header); err != nil {
		return nil, fmt.Errorf("%w: %w", err, store.ErrUnusable)
	}
	return body, nil
}
