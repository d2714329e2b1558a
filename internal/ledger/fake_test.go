package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// fakeClient is a table in memory. It evaluates as much of DynamoDB's expressions as the
// package uses, and panics at anything else.
type fakeClient struct {
	items map[string]item
	err   error // of every request; nil for none
}

func (c *fakeClient) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	if !*in.ConsistentRead {
		panic("the read is not consistent")
	}
	return &dynamodb.GetItemOutput{Item: c.items[text(in.Key["id"])]}, c.err
}

func (c *fakeClient) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	id := text(in.Item["id"])
	if c.err != nil {
		return nil, c.err
	}
	if !condition(*in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues, c.items[id]) {
		return nil, &types.ConditionalCheckFailedException{Item: c.items[id]}
	}
	c.items[id] = in.Item
	return &dynamodb.PutItemOutput{}, nil
}

func (c *fakeClient) UpdateItem(_ context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	id := text(in.Key["id"])
	if c.err != nil {
		return nil, c.err
	}
	old := c.items[id]
	if !condition(*in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues, old) {
		return nil, &types.ConditionalCheckFailedException{Item: old}
	}
	changed := maps.Clone(in.Key)
	maps.Copy(changed, old)
	name := func(s string) string {
		if alias, ok := in.ExpressionAttributeNames[s]; ok {
			return alias
		}
		return s
	}
	set, remove, _ := strings.Cut(*in.UpdateExpression, " REMOVE ")
	set = strings.ReplaceAll(strings.TrimPrefix(set, "SET "), "createdAt, :now", "createdAt :now") // the comma of a call
	for assignment := range strings.SplitSeq(set, ", ") {
		left, right, _ := strings.Cut(assignment, " = ")
		if right == "if_not_exists(createdAt :now)" {
			if old["createdAt"] != nil {
				continue
			}
			right = ":now"
		}
		value, ok := in.ExpressionAttributeValues[right]
		if !ok {
			panic("undefined value in " + assignment)
		}
		changed[name(left)] = value
	}
	for attribute := range strings.SplitSeq(remove, ", ") {
		delete(changed, name(attribute))
	}
	c.items[id] = changed
	return &dynamodb.UpdateItemOutput{Attributes: changed}, nil
}

// condition evaluates a condition expression with attribute_not_exists, comparisons with
// values, AND, OR and parentheses.
func condition(expression string, names map[string]string, values item, of item) bool {
	p := &parser{strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(expression)), names, values, of}
	result := p.or()
	if len(p.tokens) > 0 {
		panic(fmt.Sprintf("unexpected %q in %s", p.tokens, expression))
	}
	return result
}

type parser struct {
	tokens []string
	names  map[string]string
	values item
	item   item
}

func (p *parser) next() string {
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t
}

func (p *parser) accept(token string) bool {
	if len(p.tokens) == 0 || p.tokens[0] != token {
		return false
	}
	p.next()
	return true
}

func (p *parser) or() bool {
	result := p.and()
	for p.accept("OR") {
		right := p.and()
		result = result || right
	}
	return result
}

func (p *parser) and() bool {
	result := p.primary()
	for p.accept("AND") {
		right := p.primary()
		result = result && right
	}
	return result
}

func (p *parser) primary() bool {
	if p.accept("(") {
		result := p.or()
		p.mustAccept(")")
		return result
	}
	if p.accept("attribute_not_exists") {
		p.mustAccept("(")
		absent := p.attribute(p.next()) == nil
		p.mustAccept(")")
		return absent
	}
	left, operator, name := p.attribute(p.next()), p.next(), p.next()
	right, ok := p.values[name]
	if !ok {
		panic("undefined value " + name)
	}
	return compare(left, operator, right)
}

func (p *parser) mustAccept(token string) {
	if !p.accept(token) {
		panic(fmt.Sprintf("got %q, want %s", p.tokens, token))
	}
}

// attribute refuses reserved words, as DynamoDB does.
func (p *parser) attribute(name string) types.AttributeValue {
	if slices.Contains([]string{"status", "sum", "request"}, name) {
		panic("reserved word " + name)
	}
	if alias, ok := p.names[name]; ok {
		name = alias
	}
	return p.item[name]
}

// compare compares an attribute, which may be absent, with a value. As in DynamoDB, only
// <> holds for an absent attribute.
func compare(left types.AttributeValue, operator string, right types.AttributeValue) bool {
	l, isNumber := left.(*types.AttributeValueMemberN)
	switch operator {
	case "=":
		return left != nil && text(left) == text(right)
	case "<>":
		return left == nil || text(left) != text(right)
	case "<=":
		return isNumber && integerOf(l) <= integerOf(right.(*types.AttributeValueMemberN))
	}
	panic("unknown operator " + operator)
}

func integerOf(n *types.AttributeValueMemberN) int64 {
	i, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		panic(err)
	}
	return i
}
