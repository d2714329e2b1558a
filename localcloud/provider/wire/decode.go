package wire

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"google.golang.org/protobuf/types/known/structpb"
)

// Decode returns the properties that the engine sent; none for nil. Output values become
// their values: as secrets, if they are secret, and of type resource.Computed, if they
// are unknown. It returns an error for objects that have a signature without what it
// requires.
func Decode(s *structpb.Struct) (resource.PropertyMap, error) {
	fields := s.GetFields()
	m := make(resource.PropertyMap, len(fields))
	for _, key := range slices.Sorted(maps.Keys(fields)) { // so that the error is always the same
		v, err := decodeValue(key, fields[key])
		if err != nil {
			return nil, err
		}
		m[resource.PropertyKey(key)] = v
	}
	return m, nil
}

// decodeValue decodes the value of a property, or an element of it.
func decodeValue(key string, v *structpb.Value) (resource.PropertyValue, error) {
	switch x := v.GetKind().(type) {
	case *structpb.Value_NullValue:
		return resource.NewNullProperty(), nil
	case *structpb.Value_BoolValue:
		return resource.NewProperty(x.BoolValue), nil
	case *structpb.Value_NumberValue:
		return resource.NewProperty(x.NumberValue), nil
	case *structpb.Value_StringValue:
		return decodeString(x.StringValue), nil
	case *structpb.Value_ListValue:
		list := make([]resource.PropertyValue, len(x.ListValue.GetValues()))
		for i, e := range x.ListValue.GetValues() {
			var err error
			if list[i], err = decodeValue(key, e); err != nil {
				return resource.PropertyValue{}, err
			}
		}
		return resource.NewProperty(list), nil
	case *structpb.Value_StructValue:
		m, err := Decode(x.StructValue)
		if err != nil {
			return resource.PropertyValue{}, err
		}
		return decodeObject(key, m)
	}
	return resource.PropertyValue{}, fmt.Errorf("the property %q has no value", key)
}

// decodeString decodes a string, which may stand for an unknown value.
func decodeString(s string) resource.PropertyValue {
	switch s {
	case unknownBool:
		return resource.MakeComputed(resource.NewProperty(false))
	case unknownNumber:
		return resource.MakeComputed(resource.NewProperty(0.0))
	case unknownString:
		return resource.MakeComputed(resource.NewProperty(""))
	case unknownArray:
		return resource.MakeComputed(resource.NewProperty([]resource.PropertyValue{}))
	case unknownAsset:
		return resource.MakeComputed(resource.NewProperty(&asset.Asset{}))
	case unknownArchive:
		return resource.MakeComputed(resource.NewProperty(&archive.Archive{}))
	case unknownObject:
		return resource.MakeComputed(resource.NewProperty(resource.PropertyMap{}))
	}
	return resource.NewProperty(s)
}

// decodeObject returns what an object stands for: by its signature, or itself.
func decodeObject(key string, m resource.PropertyMap) (v resource.PropertyValue, err error) {
	signature, ok := m[sig.Key]
	if !ok {
		return resource.NewProperty(m), nil
	}
	switch signature.V {
	case sig.AssetSig:
		v.V, _, err = asset.Deserialize(m.Mappable())
	case sig.ArchiveSig:
		v.V, _, err = archive.Deserialize(m.Mappable())
	case sig.Secret:
		v, ok = m["value"]
		if !ok {
			err = fmt.Errorf("the secret %q has no value", key)
		}
		v = resource.MakeSecret(v)
	case sig.ByteString:
		v, err = decodeBytes(key, m)
	case sig.ResourceReference:
		v, err = decodeReference(key, m)
	case sig.OutputValue:
		v, err = decodeOutput(key, m)
	default:
		err = fmt.Errorf("the property %q has the unknown signature %v", key, signature.V)
	}
	return v, err
}

// decodeBytes decodes a string that is not UTF-8.
func decodeBytes(key string, m resource.PropertyMap) (resource.PropertyValue, error) {
	if !m["value"].IsString() {
		return resource.PropertyValue{}, fmt.Errorf("the byte string %q has no value", key)
	}
	raw, err := base64.StdEncoding.DecodeString(m["value"].StringValue())
	if err != nil {
		return resource.PropertyValue{}, fmt.Errorf("the byte string %q: %w", key, err)
	}
	return resource.NewProperty(string(raw)), nil
}

func decodeReference(key string, m resource.PropertyMap) (resource.PropertyValue, error) {
	if _, ok := m["urn"]; !ok {
		return resource.PropertyValue{}, fmt.Errorf("the resource reference %q has no urn", key)
	}
	text := map[resource.PropertyKey]string{}
	for _, name := range []resource.PropertyKey{"urn", "name", "type", "packageVersion"} {
		v, ok := m[name]
		if ok && !v.IsString() {
			return resource.PropertyValue{}, fmt.Errorf("the resource reference %q has a %s that is not a string", key, name)
		}
		if ok {
			text[name] = v.StringValue()
		}
	}
	ref := resource.ResourceReference{URN: resource.URN(text["urn"]), Name: text["name"], Type: text["type"], PackageVersion: text["packageVersion"]}
	if ref.Name == "" && ref.URN.IsValid() {
		ref.Name = ref.URN.Name()
	}
	if ref.Type == "" && ref.URN.IsValid() {
		ref.Type = string(ref.URN.Type())
	}
	switch id, ok := m["id"]; {
	case !ok: // of a component
	case id.IsComputed(), id.V == "":
		ref.ID = resource.MakeComputed(resource.NewProperty(""))
	case id.IsString():
		ref.ID = id
	default:
		return resource.PropertyValue{}, fmt.Errorf("the resource reference %q has an id that is not a string", key)
	}
	return resource.NewProperty(ref), nil
}

func decodeOutput(key string, m resource.PropertyMap) (resource.PropertyValue, error) {
	v, known := m["value"]
	if !known {
		v = resource.MakeComputed(resource.NewProperty(""))
	}
	secret, ok := m["secret"]
	if ok && !secret.IsBool() {
		return resource.PropertyValue{}, fmt.Errorf("the output value %q has a secret that is not a boolean", key)
	}
	if ok && secret.BoolValue() {
		v = resource.MakeSecret(v)
	}
	return v, nil
}
