package dynamodb

import (
	"context"
	"encoding/binary"

	"tally/localcloud/cloud"
)

const maxSegments = 1_000_000

// Scan returns all items, or those of one segment.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
func (s *Service) Scan(ctx context.Context, caller cloud.Caller, in ScanInput) (out PageOutput, err error) {
	defer s.measure("Scan", in.TableName, &err)()
	p := page{operation: "Scan", consistency: consistencyOf(in.ConsistentRead), limit: in.Limit, selected: in.Select, start: in.ExclusiveStartKey}
	c := p.constraints(in.TableName, in.IndexName, in.ReturnConsumedCapacity)
	c.atLeast(in.Segment, 0, "segment")
	c.atMost(in.Segment, maxSegments-1, "segment")
	c.atLeast(in.TotalSegments, 1, "totalSegments")
	c.atMost(in.TotalSegments, maxSegments, "totalSegments")
	if err := c.err(); err != nil {
		return out, err
	}
	if err := checkSegments(in.Segment, in.TotalSegments); err != nil {
		return out, err
	}
	if p.expressions, err = parse(in.ExpressionAttributeNames, in.ExpressionAttributeValues, filter(in.FilterExpression), projection(in.ProjectionExpression)); err != nil {
		return out, err
	}
	t, err := s.permit(ctx, p.access(caller, "Scan", in.TableName, in.ReturnConsumedCapacity))
	if err != nil {
		return out, err
	}
	if err := p.bind(t); err != nil {
		return out, err
	}
	if err := p.segment(in.Segment, in.TotalSegments); err != nil {
		return out, err
	}
	return s.page(&p, in.ReturnConsumedCapacity)
}

func checkSegments(segment, total *int) error {
	switch {
	case segment != nil && total == nil:
		return invalid("The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	case segment == nil && total != nil:
		return invalid("The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
	case segment != nil && *segment >= *total:
		return invalid("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d", *segment, *total)
	}
	return nil
}

// segment restricts a page to a segment: a range of the hashes of partition keys.
func (p *page) segment(segment, total *int) error {
	prefix := rowPrefix(p.row.Name, p.index)
	p.from, p.to = prefix, successor(prefix)
	if total == nil {
		return nil
	}
	bound := func(n int) string {
		return prefix + string(binary.BigEndian.AppendUint32(nil, uint32(uint64(n)<<32/uint64(*total))))
	}
	p.from = bound(*segment)
	if *segment+1 < *total {
		p.to = bound(*segment + 1)
	}
	if p.start != nil {
		if at := p.startKey(); at < p.from || at >= p.to {
			return invalid("The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: %d Segment: %d", *total, *segment)
		}
	}
	return nil
}
