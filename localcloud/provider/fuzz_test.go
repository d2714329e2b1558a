package provider

import (
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

// FuzzProperties makes the calls of a preview with arbitrary structs. They may
// return errors, but a panic would end the local cloud.
func FuzzProperties(f *testing.F) {
	const (
		signature = "4dabf18193072939515e22adb298388d"
		secret    = "1b47061264138c4ac30d75fd1eb44270"
		asset     = "c44067f5952c0a294b673a41bacd8c17"
		archived  = "0def7320c3a5731c473e5ecbe6d01bc7"
		unknown   = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
	)
	for _, s := range []string{
		`{"name":"x","tags":{"a":"b"},"policy":{"Statement":[]}}`,
		`{"role":"` + unknown + `","environment":{"variables":{"A":{"` + signature + `":"` + secret + `","value":"s"}}}}`,
		`{"code":{"` + signature + `":"` + archived + `","path":"x.zip","hash":"1"}}`,
		`{"code":{"` + signature + `":"` + archived + `","assets":{"a":{"` + signature + `":"` + asset + `","text":"t"}}}}`,
		`{"tags":{"` + signature + `":"` + secret + `","value":"` + unknown + `"},"memorySize":1.5}`,
	} {
		f.Add([]byte(s))
	}
	p := New(place, Services{}, []string{"local"})
	p.setConnection(f.Context(), connection{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := &structpb.Struct{}
		if protojson.Unmarshal(raw, s) != nil {
			return
		}
		for token := range p.table("project") {
			urn := urnOf(token, "x")
			res, err := p.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn, News: s, Olds: s})
			if err != nil {
				continue
			}
			_, _ = p.Diff(t.Context(), &pulumirpc.DiffRequest{Urn: urn, Olds: s, OldInputs: s, News: res.Inputs})
			_, _ = p.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn, Properties: res.Inputs, Preview: true})
			_, _ = p.Update(t.Context(), &pulumirpc.UpdateRequest{Urn: urn, Olds: s, OldInputs: s, News: res.Inputs, Preview: true})
		}
		_, _ = p.CheckConfig(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf("pulumi:providers:aws", "x"), News: s})
	})
}
