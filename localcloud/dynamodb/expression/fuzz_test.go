package expression_test

import (
	"maps"
	"slices"
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/dynamodb/expression"
)

// placeholders are what fuzzed expressions may refer to.
const placeholders = `{"#a": "a", "#b": "b", "#n": "Safety.Warning", ":a": 1, ":b": 2, ":s": "S", ":t": {"SS": ["Red", "x"]}, ":l": [1], ":m": {"a": 1}, ":z": null}`

// document is the item that fuzzed expressions apply to.
const document = `{"a": 1, "b": {"a": [1, {"b": "x"}, []], "b": {"a": 2}}, "c": {"SS": ["Red", "Black"]}, "d": "text", "e": [[1, 2], {"a": 1}], "f": null, "g": true}`

// checkRefusal checks that an error is one of DynamoDB.
func checkRefusal(t *testing.T, text string, err error) {
	t.Helper()
	if cloud.ErrorCode(err) != "ValidationException" {
		t.Errorf("%q: %v", text, err)
	}
}

func FuzzCondition(f *testing.F) {
	for _, text := range []string{
		"a = :a AND NOT (b.a[1].b <> :s OR size(c) > :b)", "#a BETWEEN :a AND :b", "c IN (:t, d, :l)", "attribute_exists(b.#b.a)",
		"attribute_type(d, :s) and begins_with(d, :s)", "contains(e, :l)", "((a = :a))", "(b).a[0] = (:a)", "a = ", "NOT", "a[99999999999] = :a",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		i := item(t, document)
		match := func(text string) (bool, error) {
			condition, err := expression.ParseCondition(expression.ConditionExpression, text, scope(t, placeholders))
			if err != nil {
				return false, err
			}
			for _, name := range condition.Attributes() {
				if name == "" {
					t.Errorf("%q refers to an attribute without a name", text)
				}
			}
			condition.Match(nil) // must not panic
			return condition.Match(i), nil
		}
		got, err := match(text)
		if err != nil {
			checkRefusal(t, text, err)
			return
		}
		if opposite, err := match("NOT (" + text + ")"); err == nil && opposite == got {
			t.Errorf("both %q and its opposite are %t", text, got)
		} else if err != nil {
			checkRefusal(t, text, err) // too long, or redundant parentheses
		}
	})
}

func FuzzUpdate(f *testing.F) {
	for _, text := range []string{
		"SET a = a + :a, b.a[1].b = if_not_exists(x, :s) REMOVE e[0], f ADD b.b.a :b DELETE c :t", "SET x = list_append(e, :l)", "SET e[7] = :m, e[9] = :z",
		"SET #n = (a - :b)", "REMOVE b.a[0], b.a[1].b", "ADD c :t", "SET a = :a SET b = :b", "SET a = :a, a.b = :b", "DELETE a :t", "SET a =",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		update, err := expression.ParseUpdate(text, scope(t, placeholders))
		if err != nil {
			checkRefusal(t, text, err)
			return
		}
		old := item(t, document)
		updated, touched, err := update.Apply(old)
		if !old.Equal(item(t, document)) {
			t.Errorf("%q changed the old item to %s", text, show(old))
		}
		if err != nil {
			checkRefusal(t, text, err)
			return
		}
		checkUpdated(t, text, old, updated, update, touched)
		if _, _, err := update.Apply(nil); err != nil {
			checkRefusal(t, text, err)
		}
	})
}

// checkUpdated checks that an update changed nothing but its paths.
func checkUpdated(t *testing.T, text string, old, updated attribute.Item, update *expression.Update, touched []expression.Path) {
	t.Helper()
	written := map[string]bool{}
	for _, path := range touched {
		written[path.Attribute()] = true
		if !slices.Contains(update.Attributes(), path.Attribute()) {
			t.Errorf("%q writes %s, which is not one of its attributes", text, path)
		}
	}
	keep := func(i attribute.Item) attribute.Item {
		rest := maps.Clone(i)
		maps.DeleteFunc(rest, func(name string, _ attribute.Value) bool { return written[name] })
		return rest
	}
	if !keep(old).Equal(keep(updated)) {
		t.Errorf("%q changed other attributes: %s", text, show(updated))
	}
	var again attribute.Item
	if err := again.UnmarshalJSON([]byte(show(updated))); err != nil || !again.Equal(updated) {
		t.Errorf("%q made an invalid item %s: %v", text, show(updated), err)
	}
}

func FuzzProjection(f *testing.F) {
	for _, text := range []string{"a", "b.a[1].b, b.b", "e[1], e[0][1]", "#n, #a.x", "a, a", "b.a, b[1]", "a..b", "b.a[0], b.a[2]", " c , d "} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		projection, err := expression.ParseProjection(text, scope(t, placeholders))
		if err != nil {
			checkRefusal(t, text, err)
			return
		}
		i := item(t, document)
		got := projection.Project(i)
		if !i.Equal(item(t, document)) || got.Size() > i.Size() {
			t.Errorf("%q selects %s of %s", text, show(got), show(i))
		}
		for name := range got {
			if !slices.Contains(projection.Attributes(), name) {
				t.Errorf("%q selects %s", text, name)
			}
		}
	})
}

func FuzzKeyCondition(f *testing.F) {
	for _, text := range []string{
		"a = :a", "#a = :a AND b > :b", ":a = a and b BETWEEN :a AND :b", "a = :a AND begins_with(b, :s)", "b < :a", "a = :a OR b = :b", "(a = :a) AND (b = :b)", "a = b", "a.b = :a",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		condition, err := expression.ParseKeyCondition(text, scope(t, placeholders), "a", "b")
		if err != nil {
			checkRefusal(t, text, err)
			return
		}
		// What is valid here is a valid filter, which selects the same items.
		filter, err := expression.ParseCondition(expression.FilterExpression, text, scope(t, placeholders))
		if err != nil || condition.Hash.IsZero() {
			t.Fatalf("%q: %v, %v", text, condition, err)
		}
		for _, key := range []string{`0`, `1`, `2`, `3`, `"R"`, `"S"`, `"Sx"`, `"T"`} {
			sort := of(t, key)
			want := filter.Match(attribute.Item{"a": condition.Hash, "b": sort})
			if got := condition.Sort.Match(sort); got != want {
				t.Errorf("%q: Match(%s) = %t, and as a filter %t", text, key, got, want)
			}
		}
	})
}
