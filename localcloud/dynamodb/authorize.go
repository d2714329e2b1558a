package dynamodb

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb/attribute"
)

// access is what a request does with one table or index, for authorization.
type access struct {
	caller cloud.Caller
	action string // "PutItem"
	table  string // name or ARN
	index  string // "" for the table itself

	keys       []attribute.Item // the keys or items in the request
	hash       attribute.Value  // of a query; the zero Value if there is none
	attributes []string         // those that the request names, besides keys
	selected   string           // the value of dynamodb:Select, "" for none, and so on
	returns    string
	capacity   string
	enclosing  string
}

// permit returns the table if the caller may access it as a says, and use its key, and if no
// fault refuses the request.
func (s *Service) permit(ctx context.Context, a access) (*table, error) {
	var row *Table
	t := s.table(a.table)
	if t != nil {
		row = t.current()
	}
	resource := s.ARN(a.table).String()
	if a.index != "" {
		resource += "/index/" + a.index
	}
	err := s.authorizer.Authorize(ctx, cloud.Request{Caller: a.caller, Action: "dynamodb:" + a.action, Resource: resource, Context: a.conditionKeys(row)})
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, notFound()
	}
	if err := s.authorizeKey(ctx, a.caller, row); err != nil {
		return nil, err
	}
	return t, s.fail(row, a.action)
}

// conditionKeys returns the condition keys of a request to a table, nil if it does not
// exist.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
func (a access) conditionKeys(t *Table) map[string][]string {
	keys := map[string][]string{}
	for name, value := range map[string]string{
		"Select": a.selected, "ReturnValues": a.returns, "ReturnConsumedCapacity": a.capacity, "EnclosingOperation": a.enclosing,
	} {
		if value != "" {
			keys["dynamodb:"+name] = []string{value}
		}
	}
	names := slices.Clone(a.attributes)
	var leading []string
	if !a.hash.IsZero() {
		leading = append(leading, keyText(a.hash))
	}
	for _, item := range a.keys {
		for name := range item {
			names = append(names, name)
		}
		if t == nil {
			continue
		}
		if v, ok := item[t.Key.Hash]; ok {
			leading = append(leading, keyText(v))
		}
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) > 0 {
		keys["dynamodb:Attributes"] = names
	}
	if len(leading) > 0 {
		keys["dynamodb:LeadingKeys"] = leading
	}
	return keys
}

// keyText returns the value of a partition key as the condition key has it.
func keyText(v attribute.Value) string {
	switch v.Type() {
	case attribute.N:
		return v.N().String()
	case attribute.B:
		return base64.StdEncoding.EncodeToString(v.B())
	}
	return v.S()
}

// authorizeKey checks that the caller may use the key of the table. Whoever reads or
// writes items needs kms:Decrypt, for the table's own key, which encrypts the items. On
// AWS, that stays decrypted for five minutes; here, each request is checked.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html
func (s *Service) authorizeKey(ctx context.Context, caller cloud.Caller, t *Table) error {
	if !t.KMS || s.keys == nil {
		return nil
	}
	key := cmp.Or(t.KMSKey, "alias/aws/dynamodb")
	return rewordKeyError(s.keys.DecryptWith(ctx, key, caller, s.ARN(t.Name)))
}

// AuthorizeKeyChoice checks that the caller may use the key that it chooses for a table. It
// does not check the keys that AWS owns or manages, which every identity of the account may
// choose.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html#dynamodb-kms-authz
func (s *Service) AuthorizeKeyChoice(ctx context.Context, caller cloud.Caller, t Table) error {
	if !t.KMS || t.KMSKey == "" || s.keys == nil {
		return nil
	}
	return rewordKeyError(s.keys.GrantWith(ctx, t.KMSKey, caller, s.ARN(t.Name)))
}

// rewordKeyError returns the error of DynamoDB for an error of KMS.
//
// https://repost.aws/knowledge-center/dynamodb-access-denied-exception
func rewordKeyError(err error) error { return cloud.RewordKeyError(err, "ValidationException") }

// KeyARN returns the ARN of the key that encrypts a table, or "" if AWS owns it.
func (s *Service) KeyARN(t Table) string {
	switch _, err := cloud.ParseARN(t.KMSKey); {
	case !t.KMS:
		return ""
	case err == nil:
		return t.KMSKey
	case t.KMSKey == "":
		return s.place.ARN("kms", "alias/aws/dynamodb").String()
	}
	return s.place.ARN("kms", "key/"+t.KMSKey).String()
}
