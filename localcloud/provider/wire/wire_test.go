package wire

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/structpb"
)

const urn = "urn:pulumi:local::p::aws:sns/topic:Topic::t"

// options are those under which Pulumi's own encoding is the same.
var options = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true}

// object returns the JSON of an object with a signature and more members.
func object(signature, members string) string {
	return `{"` + sig.Key + `":"` + signature + `"` + members + `}`
}

func unknownOf[T resource.PropertyValueType](v T) resource.PropertyValue {
	return resource.MakeComputed(resource.NewProperty(v))
}

func TestValues(t *testing.T) {
	topic := resource.ResourceReference{URN: urn, Name: "t", Type: "aws:sns/topic:Topic"}
	withID := func(id resource.PropertyValue) resource.PropertyValue {
		ref := topic
		ref.ID = id
		return resource.NewProperty(ref)
	}
	for name, tc := range map[string]struct {
		json string
		want resource.PropertyValue
		sent string // what is encoded again, if it differs
	}{
		"null":            {json: `null`},
		"boolean":         {json: `true`, want: resource.NewProperty(true)},
		"number":          {json: `1.5`, want: resource.NewProperty(1.5)},
		"string":          {json: `"s"`, want: resource.NewProperty("s")},
		"list":            {json: `["s",null]`, want: resource.NewProperty([]resource.PropertyValue{resource.NewProperty("s"), {}})},
		"no elements":     {json: `[]`, want: resource.NewProperty([]resource.PropertyValue{})},
		"object":          {json: `{"__a":null}`, want: resource.NewProperty(resource.PropertyMap{"__a": {}})},
		"unknown boolean": {json: `"` + plugin.UnknownBoolValue + `"`, want: unknownOf(false)},
		"unknown number":  {json: `"` + plugin.UnknownNumberValue + `"`, want: unknownOf(0.0)},
		"unknown string":  {json: `"` + plugin.UnknownStringValue + `"`, want: unknownOf("")},
		"unknown list":    {json: `"` + plugin.UnknownArrayValue + `"`, want: unknownOf([]resource.PropertyValue{})},
		"unknown asset":   {json: `"` + plugin.UnknownAssetValue + `"`, want: unknownOf(&asset.Asset{})},
		"unknown archive": {json: `"` + plugin.UnknownArchiveValue + `"`, want: unknownOf(&archive.Archive{})},
		"unknown object":  {json: `"` + plugin.UnknownObjectValue + `"`, want: unknownOf(resource.PropertyMap{})},
		"secret":          {json: object(sig.Secret, `,"value":"s"`), want: resource.MakeSecret(resource.NewProperty("s"))},
		"unknown secret":  {json: object(sig.Secret, `,"value":"`+unknownString+`"`), want: resource.MakeSecret(unknownOf(""))},
		"asset":           {json: object(sig.AssetSig, `,"text":"t","hash":"h"`), want: resource.NewProperty(&asset.Asset{Sig: sig.AssetSig, Text: "t", Hash: "h"})},
		"archive":         {json: object(sig.ArchiveSig, `,"path":"x.zip","hash":"h"`), want: resource.NewProperty(&archive.Archive{Sig: sig.ArchiveSig, Path: "x.zip", Hash: "h"})},
		"assets": {json: object(sig.ArchiveSig, `,"assets":{"a":`+object(sig.AssetSig, `,"path":"p"`)+`}`),
			want: resource.NewProperty(&archive.Archive{Sig: sig.ArchiveSig, Assets: map[string]any{"a": &asset.Asset{Sig: sig.AssetSig, Path: "p"}}})},
		"component": {json: object(sig.ResourceReference, `,"urn":"`+urn+`"`), want: withID(resource.PropertyValue{}),
			sent: object(sig.ResourceReference, `,"urn":"`+urn+`","name":"t","type":"aws:sns/topic:Topic"`)},
		"resource": {json: object(sig.ResourceReference, `,"urn":"`+urn+`","id":"i","name":"t","type":"aws:sns/topic:Topic"`), want: withID(resource.NewProperty("i"))},
		"resource, unknown": {json: object(sig.ResourceReference, `,"urn":"`+urn+`","id":"`+unknownNumber+`"`), want: withID(unknownOf("")),
			sent: object(sig.ResourceReference, `,"urn":"`+urn+`","id":"","name":"t","type":"aws:sns/topic:Topic"`)},
		"output":                  {json: object(sig.OutputValue, `,"value":"s","dependencies":["`+urn+`"]`), want: resource.NewProperty("s"), sent: `"s"`},
		"output, secret":          {json: object(sig.OutputValue, `,"value":1,"secret":true`), want: resource.MakeSecret(resource.NewProperty(1.0)), sent: object(sig.Secret, `,"value":1`)},
		"output, unknown":         {json: object(sig.OutputValue, `,"secret":false`), want: unknownOf(""), sent: `"` + unknownString + `"`},
		"output, unknown, secret": {json: object(sig.OutputValue, `,"secret":true`), want: resource.MakeSecret(unknownOf("")), sent: object(sig.Secret, `,"value":"`+unknownString+`"`)},
		"byte string in ASCII":    {json: object(sig.ByteString, `,"value":"cw=="`), want: resource.NewProperty("s"), sent: `"s"`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Decode(parse(t, tc.json))
			if err != nil || !reflect.DeepEqual(got, resource.PropertyMap{"p": tc.want}) {
				t.Errorf("decoded %#v, %v, want %#v", got, err, tc.want)
			}
			if tc.sent == "" {
				tc.sent = tc.json
			}
			sent, err := Encode(got)
			if d := cmp.Diff(parse(t, tc.sent), sent, protocmp.Transform()); d != "" || err != nil {
				t.Errorf("encoded, %v (-want +got):\n%s", err, d)
			}
		})
	}
}

// parse returns a struct with the property p, which is given as JSON.
func parse(t *testing.T, value string) *structpb.Struct {
	t.Helper()
	s := &structpb.Struct{}
	if err := protojson.Unmarshal([]byte(`{"p":`+value+`}`), s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMalformed(t *testing.T) {
	for want, value := range map[string]string{
		`the secret "p" has no value`:                                object(sig.Secret, ``),
		`the byte string "p" has no value`:                           object(sig.ByteString, `,"value":1`),
		`the byte string "p": illegal base64 data at input byte 0`:   object(sig.ByteString, `,"value":"!"`),
		`the resource reference "p" has no urn`:                      object(sig.ResourceReference, ``),
		`the resource reference "p" has a name that is not a string`: object(sig.ResourceReference, `,"urn":"","name":1`),
		`the resource reference "p" has an id that is not a string`:  object(sig.ResourceReference, `,"urn":"","id":null`),
		`the output value "p" has a secret that is not a boolean`:    object(sig.OutputValue, `,"secret":"true"`),
		`the property "p" has the unknown signature x`:               object("x", ``),
		`unexpected asset text of type float64`:                      object(sig.AssetSig, `,"text":1`),
		`archive member 'a' is not an asset or archive`:              object(sig.ArchiveSig, `,"assets":{"a":1}`),
		`the secret "q" has no value`:                                `[{"q":` + object(sig.Secret, ``) + `}]`,
	} {
		s := parse(t, value)
		if got, err := Decode(s); err == nil || err.Error() != want {
			t.Errorf("%s: %v, %v; want the error %s", value, got, err, want)
		}
		if _, err := plugin.UnmarshalProperties(s, options); err == nil {
			t.Errorf("%s: Pulumi accepts it", value)
		}
	}
	for _, v := range []*structpb.Value{nil, {}} {
		if got, err := Decode(&structpb.Struct{Fields: map[string]*structpb.Value{"p": v}}); err == nil {
			t.Errorf("a property without a value became %v", got)
		}
	}
	if got, err := Decode(nil); err != nil || got == nil || len(got) > 0 {
		t.Errorf("no struct: %v, %v", got, err)
	}
}

func TestNotEncoded(t *testing.T) {
	for name, v := range map[string]resource.PropertyValue{
		"not UTF-8":       resource.NewProperty("\xff"),
		"inside":          resource.MakeSecret(resource.NewProperty([]resource.PropertyValue{resource.NewProperty("\xff")})),
		"text of asset":   resource.NewProperty(&asset.Asset{Sig: sig.AssetSig, Text: "\xff"}),
		"output":          resource.NewProperty(resource.Output{Known: true}),
		"unknown, secret": resource.MakeComputed(resource.MakeSecret(resource.NewProperty(""))),
	} {
		if got, err := Encode(resource.PropertyMap{"p": v}); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	nested := resource.MakeComputed(unknownOf(1.0))
	nothing := resource.MakeComputed(resource.NewNullProperty())
	got, err := Encode(resource.PropertyMap{"nested": nested, "nothing": nothing})
	if err != nil || got.Fields["nested"].GetStringValue() != unknownNumber || got.Fields["nothing"].AsInterface() != nil {
		t.Errorf("unknown values: %v, %v", got, err)
	}
}
