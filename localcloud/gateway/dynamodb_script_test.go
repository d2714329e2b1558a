package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// TestDynamoDB runs the scripts in testdata/dynamodb through the SDK, each in an account of
// its own. A request is a line with the name of an operation and its input in JSON. The
// next line is the output in JSON, of which members that it does not have are ignored, or
// "! " and the error. A line that begins with # says what the requests are about; the
// first one of a paragraph has the address of the page of AWS's that documents them.
//
// The pairs of requests and answers that AWS documents are at least 210. Those that the
// local cloud refuses because it does not emulate them do not count.
func TestDynamoDB(t *testing.T) {
	documented := map[string]bool{}
	for _, path := range must(filepath.Glob("testdata/dynamodb/*.txt"))(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			runScript(t, newKit(t), path, documented)
		})
	}
	if len(documented) < 210 {
		t.Errorf("only %d documented requests and answers", len(documented))
	}
}

// runScript runs a script as the developer, and adds its documented requests, with their
// answers, to pairs.
func runScript(t *testing.T, k *kit, path string, pairs map[string]bool) {
	t.Helper()
	client := awsdynamodb.NewFromConfig(k.config(developer))
	lines := strings.Split(string(must(os.ReadFile(path))(t)), "\n")
	cited := false
	for i := 0; i < len(lines); i++ {
		if lines[i] == "" || strings.HasPrefix(lines[i], "#") {
			cited = lines[i] != "" && (cited || strings.Contains(lines[i], "https://docs.aws.amazon.com/"))
			continue
		}
		at, request, want := fmt.Sprintf("%s:%d", path, i+1), lines[i], ""
		if i++; i < len(lines) {
			want = lines[i]
		}
		if !cited {
			t.Errorf("%s: the paragraph names no page of AWS's documentation", at)
		}
		if !strings.Contains(want, "The local cloud does not emulate") {
			pairs[request+"\n"+want] = true
		}
		operation, input, _ := strings.Cut(request, " ")
		output, err := callSDK(t.Context(), client, operation, input)
		if message, refused := strings.CutPrefix(want, "! "); refused {
			if got := describeError(err); got != message {
				t.Errorf("%s: %s\ngot  %s\nwant %s", at, request, got, message)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %s: %v", at, request, err)
			continue
		}
		var expected map[string]any
		if err := json.Unmarshal([]byte(want), &expected); err != nil {
			t.Fatalf("%s: the expected output: %v", at, err)
		}
		if diff := cmp.Diff(expected, only(expected, output)); diff != "" {
			t.Errorf("%s: %s: -want +got\n%s", at, request, diff)
		}
	}
}

// only returns the members of got that want has, at any depth of structures; the empty
// string means that a member must be absent.
func only(want, got map[string]any) map[string]any {
	some := map[string]any{}
	for name, w := range want {
		g, ok := got[name]
		if !ok {
			if w == "" {
				some[name] = ""
			}
			continue
		}
		inner, isMap := w.(map[string]any)
		value, both := g.(map[string]any)
		if isMap && both && !holdsValues(inner) {
			some[name] = only(inner, value)
			continue
		}
		some[name] = g
	}
	return some
}

// holdsValues reports whether m is an item, which is compared as a whole.
func holdsValues(m map[string]any) bool {
	for _, v := range m {
		value, ok := v.(map[string]any)
		if !ok || len(value) != 1 {
			return false
		}
		for name := range value {
			if !slices.Contains([]string{"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}, name) {
				return false
			}
		}
	}
	return len(m) > 0
}

// describeError returns an error as a script has it: its code, its message, and the item
// or the reasons that it holds.
func describeError(err error) string {
	if err == nil {
		return "no error"
	}
	var failed *types.ConditionalCheckFailedException
	var canceled *types.TransactionCanceledException
	var other smithy.APIError
	extra := ""
	switch {
	case errors.As(err, &failed) && failed.Item != nil:
		extra = " " + asJSON(fromSDK(reflect.ValueOf(failed.Item)))
	case errors.As(err, &canceled):
		extra = " " + asJSON(fromSDK(reflect.ValueOf(canceled.CancellationReasons)))
	}
	if errors.As(err, &other) {
		return other.ErrorCode() + ": " + other.ErrorMessage() + extra
	}
	return err.Error()
}

func asJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// callSDK calls the client's method with that name.
func callSDK(ctx context.Context, client *awsdynamodb.Client, operation, input string) (map[string]any, error) {
	method := reflect.ValueOf(client).MethodByName(operation)
	if !method.IsValid() {
		return nil, fmt.Errorf("the SDK has no operation %s", operation)
	}
	var decoded any
	d := json.NewDecoder(strings.NewReader(input))
	d.UseNumber()
	if err := d.Decode(&decoded); err != nil {
		return nil, err
	}
	in := reflect.New(method.Type().In(1).Elem())
	if err := toSDK(in.Elem(), decoded); err != nil {
		return nil, err
	}
	out := method.Call([]reflect.Value{reflect.ValueOf(ctx), in})
	if err, _ := out[1].Interface().(error); err != nil {
		return nil, err
	}
	return fromSDK(out[0].Elem()).(map[string]any), nil
}

// toSDK sets a value of the SDK's types from decoded JSON.
func toSDK(v reflect.Value, from any) error {
	if v.Type() == reflect.TypeFor[types.AttributeValue]() {
		value, err := attributeToSDK(from)
		if err == nil {
			v.Set(reflect.ValueOf(value))
		}
		return err
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return toSDK(v.Elem(), from)
	case reflect.Struct:
		for name, member := range from.(map[string]any) {
			field := v.FieldByName(name)
			if !field.IsValid() {
				return fmt.Errorf("%s has no member %s", v.Type(), name)
			}
			if err := toSDK(field, member); err != nil {
				return err
			}
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for name, member := range from.(map[string]any) {
			e := reflect.New(v.Type().Elem()).Elem()
			if err := toSDK(e, member); err != nil {
				return err
			}
			v.SetMapIndex(reflect.ValueOf(name), e)
		}
	case reflect.Slice:
		for _, member := range from.([]any) {
			e := reflect.New(v.Type().Elem()).Elem()
			if err := toSDK(e, member); err != nil {
				return err
			}
			v.Set(reflect.Append(v, e))
		}
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
	case reflect.String:
		v.SetString(from.(string))
	case reflect.Bool:
		v.SetBool(from.(bool))
	default:
		n, err := from.(json.Number).Int64()
		v.SetInt(n)
		return err
	}
	return nil
}

func attributeToSDK(from any) (types.AttributeValue, error) {
	for kind, v := range from.(map[string]any) {
		var texts []string
		list, _ := v.([]any)
		for _, e := range list {
			text, _ := e.(string)
			texts = append(texts, text)
		}
		switch kind {
		case "S":
			return &types.AttributeValueMemberS{Value: v.(string)}, nil
		case "N":
			return &types.AttributeValueMemberN{Value: v.(string)}, nil
		case "B":
			raw, err := base64.StdEncoding.DecodeString(v.(string))
			return &types.AttributeValueMemberB{Value: raw}, err
		case "BOOL":
			return &types.AttributeValueMemberBOOL{Value: v.(bool)}, nil
		case "NULL":
			return &types.AttributeValueMemberNULL{Value: v.(bool)}, nil
		case "SS":
			return &types.AttributeValueMemberSS{Value: texts}, nil
		case "NS":
			return &types.AttributeValueMemberNS{Value: texts}, nil
		case "M":
			m := &types.AttributeValueMemberM{}
			return m, toSDK(reflect.ValueOf(&m.Value).Elem(), v)
		case "L":
			l := &types.AttributeValueMemberL{}
			return l, toSDK(reflect.ValueOf(&l.Value).Elem(), v)
		}
	}
	return nil, fmt.Errorf("not a value: %v", from)
}

// fromSDK returns a value of the SDK's types as encoding/json would decode it, without
// absent members.
func fromSDK(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if value, ok := v.Interface().(types.AttributeValue); ok && v.Kind() == reflect.Pointer {
			kind := strings.TrimPrefix(v.Type().Elem().Name(), "AttributeValueMember")
			return map[string]any{kind: fromSDK(reflect.ValueOf(value).Elem().FieldByName("Value"))}
		}
		return fromSDK(v.Elem())
	case reflect.Struct:
		if at, ok := v.Interface().(time.Time); ok {
			return at.Format(time.RFC3339)
		}
		out := map[string]any{}
		for f, field := range v.Fields() {
			if f.IsExported() && f.Name != "ResultMetadata" && !(field.IsZero() && field.Kind() != reflect.Bool && field.Kind() != reflect.Int32) {
				out[f.Name] = fromSDK(field)
			}
		}
		return out
	case reflect.Map:
		out := map[string]any{}
		for _, key := range v.MapKeys() {
			out[key.String()] = fromSDK(v.MapIndex(key))
		}
		return out
	case reflect.Slice:
		if raw, ok := v.Interface().([]byte); ok {
			return base64.StdEncoding.EncodeToString(raw)
		}
		out := []any{}
		for i := range v.Len() {
			out = append(out, fromSDK(v.Index(i)))
		}
		return out
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Float64:
		return v.Float()
	}
	return float64(v.Int())
}
