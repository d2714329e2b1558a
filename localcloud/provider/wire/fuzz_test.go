package wire

import (
	"reflect"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// FuzzWire compares with Pulumi's own encoding: both decode to the same properties, or
// refuse them, and both encode these alike, or refuse them.
func FuzzWire(f *testing.F) {
	for _, raw := range []string{"", "\x06\x05\x00\x03\x01\x01\x03\x02", "\x06\x01\x06\x02\x00\x03\x0b\x01\x06\x01\x00\x03\x0c", "\x06\x01\x05\x03\x03\x05\x03\x06\x03\x07"} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		g := generator(raw)
		s := &structpb.Struct{Fields: g.members(0)}
		got, err := Decode(s)
		want, wantErr := plugin.UnmarshalProperties(s, options)
		if !reflect.DeepEqual(got, want) || (err == nil) != (wantErr == nil) {
			t.Fatalf("%v\ndecoded %#v, %v\nPulumi  %#v, %v", s, got, err, want, wantErr)
		}
		if err != nil {
			return
		}
		sent, err := Encode(got)
		wantSent, wantErr := plugin.MarshalProperties(want, options)
		if !proto.Equal(sent, wantSent) || (err == nil) != (wantErr == nil) {
			t.Fatalf("%#v\nencoded %v, %v\nPulumi  %v, %v", got, sent, err, wantSent, wantErr)
		}
	})
}

// generator makes structs of bytes, with the words of the protocol.
type generator []byte

func (g *generator) next(n int) int {
	if len(*g) == 0 {
		return 0
	}
	b := (*g)[0]
	*g = (*g)[1:]
	return int(b) % n
}

var keys = []string{sig.Key, "value", "urn", "id", "name", "type", "packageVersion", "secret", "dependencies", "hash", "text", "path", "uri", "assets", "a", ""}

var words = []string{"", sig.Secret, sig.ResourceReference, sig.OutputValue, sig.ByteString, sig.AssetSig, sig.ArchiveSig,
	unknownBool, unknownNumber, unknownString, unknownArray, unknownAsset, unknownArchive, unknownObject,
	"s", "/w==", "cw==", urn, "urn:pulumi:"}

func (g *generator) members(depth int) map[string]*structpb.Value {
	m := map[string]*structpb.Value{}
	for range g.next(8) {
		m[keys[g.next(len(keys))]] = g.value(depth)
	}
	return m
}

func (g *generator) value(depth int) *structpb.Value {
	kind := g.next(8)
	if depth > 4 {
		kind %= 4
	}
	switch kind {
	case 0:
		return structpb.NewNullValue()
	case 1:
		return structpb.NewBoolValue(g.next(2) == 1)
	case 2:
		return structpb.NewNumberValue(float64(g.next(3)))
	case 3:
		return structpb.NewStringValue(words[g.next(len(words))])
	case 4:
		list := make([]*structpb.Value, g.next(4))
		for i := range list {
			list[i] = g.value(depth + 1)
		}
		return structpb.NewListValue(&structpb.ListValue{Values: list})
	case 5:
		return structpb.NewStructValue(&structpb.Struct{Fields: g.members(depth + 1)})
	}
	// Most objects have a signature that is known.
	m := g.members(depth + 1)
	m[sig.Key] = structpb.NewStringValue(words[1+g.next(6)])
	return structpb.NewStructValue(&structpb.Struct{Fields: m})
}
