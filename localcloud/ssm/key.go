package ssm

import (
	"context"
	"encoding/base64"
	"maps"
	"slices"

	"tally/localcloud/cloud"
)

// advanced is the tier of parameters of more than 4 KB.
const advanced = "Advanced"

// encrypt checks that the caller may encrypt the parameter with its key, and moves its
// value into the sealed one. Standard parameters are encrypted by KMS itself, advanced
// ones with a data key.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
func (s *Service) encrypt(ctx context.Context, caller cloud.Caller, p *Parameter) error {
	use := s.keys.EncryptValueWith
	if p.Tier == advanced {
		use = s.keys.EncryptWith
	}
	if err := use(ctx, p.KeyID, caller, s.ARN(p.Name)); err != nil {
		return rewordKey(err)
	}
	p.Sealed, p.Value = s.box.Seal(p.Value, s.sealName(*p)), ""
	return nil
}

// reveal completes a version for a client, and decrypts its value if the client requested
// that and may use the key.
func (s *Service) reveal(ctx context.Context, caller cloud.Caller, h head, p Parameter, decrypt bool) (Parameter, error) {
	p.ARN = s.ARN(p.Name).String()
	for _, label := range slices.Sorted(maps.Keys(h.Labels)) {
		if h.Labels[label] == p.Version {
			p.Labels = append(p.Labels, label)
		}
	}
	if p.Type != SecureString {
		return p, nil
	}
	if !decrypt {
		p.Value = base64.StdEncoding.EncodeToString(p.Sealed)
		return p, nil
	}
	if err := s.keys.DecryptWith(ctx, p.KeyID, caller, s.ARN(p.Name)); err != nil {
		return Parameter{}, rewordKey(err)
	}
	var err error
	p.Value, err = s.box.Open(p.Sealed, s.sealName(p))
	return p, err
}

// rewordKey returns the error of Parameter Store for one of KMS.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html#parameter-store-cmk-fail
func rewordKey(err error) error { return cloud.RewordKeyError(err, "InvalidKeyId") }
