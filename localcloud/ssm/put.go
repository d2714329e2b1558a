package ssm

import (
	"cmp"
	"context"
	"maps"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Input is a request to add a version to a parameter. What it omits stays as it is in the
// latest version.
type Input struct {
	Name           string
	Value          string
	Type           string // required for a new parameter
	Tier           string // "Standard", "Advanced" or "Intelligent-Tiering"; by default "Standard"
	DataType       string // by default "text"
	KeyID          string // of a SecureString; by default DefaultKey
	Description    *string
	AllowedPattern *string
	Overwrite      bool
	Tags           map[string]string // only for a new parameter
}

const (
	maxVersions   = 100
	maxParameters = 10_000
)

// Put adds a version to a parameter, which it creates if there is none. Beyond 100
// versions, it deletes the oldest one. It fails with ParameterAlreadyExists,
// ParameterMaxVersionLimitExceeded, ParameterLimitExceeded, the errors of the KMS key and
// those of the validators of this package.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func (s *Service) Put(ctx context.Context, caller cloud.Caller, in Input) (Parameter, error) {
	in.Name = strings.TrimSpace(in.Name)
	if err := s.check(in); err != nil {
		return Parameter{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h, exists := s.heads.Get(keyOf(in.Name))
	switch {
	case exists && !in.Overwrite:
		return Parameter{}, refuse("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	case !exists && in.Type == "":
		return Parameter{}, invalid("A parameter type is required when you create a parameter.")
	case !exists && s.heads.Len() >= maxParameters:
		return Parameter{}, refuse("ParameterLimitExceeded", "You have reached the maximum number of standard parameters for this AWS account and Region (%d).", maxParameters)
	case !exists:
		h = head{Name: in.Name, Oldest: 1, Tags: in.Tags}
	}
	old, _ := s.versions.Get(versionKey(h.Name, h.Latest))
	p, err := in.after(old)
	if err != nil {
		return Parameter{}, err
	}
	h.Latest++
	p.Name, p.Version, p.Modified, p.ModifiedBy = h.Name, h.Latest, time.Now().UTC(), caller.String()
	if p.Type == SecureString {
		if err := s.encrypt(ctx, caller, &p); err != nil {
			return Parameter{}, err
		}
	}
	return p, s.add(h, p)
}

// after returns the version that follows the given one, which is zero if the parameter is
// new.
func (in Input) after(old Parameter) (Parameter, error) {
	p := Parameter{
		Value: in.Value, Type: cmp.Or(in.Type, old.Type), DataType: cmp.Or(in.DataType, old.DataType, text),
		Description: old.Description, AllowedPattern: old.AllowedPattern,
	}
	if in.Description != nil {
		p.Description = *in.Description
	}
	if in.AllowedPattern != nil {
		p.AllowedPattern = *in.AllowedPattern
	}
	tier := cmp.Or(in.Tier, old.Tier, standard)
	p.Tier = tier
	switch {
	case tier == intelligent && (len(in.Value) > maxStandard || old.Tier == advanced):
		p.Tier = advanced
	case tier == intelligent:
		p.Tier = standard
	case tier == standard && old.Tier == advanced:
		return Parameter{}, invalid("This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.")
	}
	if p.Type == SecureString {
		p.KeyID = cmp.Or(in.KeyID, old.KeyID, DefaultKey)
	} else if in.KeyID != "" {
		return Parameter{}, invalid("KeyId is required for SecureString type parameter only.")
	}
	return p, CheckValue(in.Value, tier, p.AllowedPattern)
}

// add stores a new version.
func (s *Service) add(h head, p Parameter) error {
	changes := []store.Change{s.versions.Set(versionKey(h.Name, p.Version), p)}
	if h.Latest-h.Oldest >= maxVersions {
		for label, version := range h.Labels {
			if version == h.Oldest {
				return refuse("ParameterMaxVersionLimitExceeded", "You attempted to create a new version of %s by calling the PutParameter API with the overwrite flag. "+
					"Version %d, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again. (The label is %s.)", h.Name, h.Oldest, label)
			}
		}
		changes = append(changes, s.versions.Unset(versionKey(h.Name, h.Oldest)))
		h.Oldest++
	}
	return s.store.Commit(append(changes, s.heads.Set(keyOf(h.Name), h))...)
}

// check validates what does not depend on earlier versions.
func (s *Service) check(in Input) error {
	checks := []error{
		CheckName(s.place, in.Name),
		cloud.CheckOptional(in.Type, CheckType),
		cloud.CheckOptional(in.Tier, CheckTier),
		cloud.CheckOptional(in.DataType, CheckDataType),
		cloud.CheckOptional(in.KeyID, CheckKeyID),
		CheckTags(in.Tags),
	}
	if in.Description != nil {
		checks = append(checks, CheckDescription(*in.Description))
	}
	if in.AllowedPattern != nil {
		checks = append(checks, CheckAllowedPattern(*in.AllowedPattern))
	}
	if in.Overwrite && len(in.Tags) > 0 {
		checks = append(checks, invalid("Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. "+
			"To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource."))
	}
	return cmp.Or(checks...)
}

// Label attaches labels to a version, 0 for the latest one, and moves those that other
// versions have. It returns the version, and the labels that are invalid, which it does
// not attach.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_LabelParameterVersion.html
func (s *Service) Label(name string, version int, labels []string) (int, []string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, err := s.find(name)
	if err != nil {
		return 0, nil, err
	}
	version = cmp.Or(version, h.Latest)
	if version < h.Oldest || version > h.Latest {
		return 0, nil, refuse("ParameterVersionNotFound", "Systems Manager could not find version %d of %s. Verify the version and try again.", version, h.Name)
	}
	all := map[string]int{}
	maps.Copy(all, h.Labels)
	invalid := []string{}
	for _, label := range labels {
		if validLabel(label) {
			all[label] = version
		} else {
			invalid = append(invalid, label)
		}
	}
	count := 0
	for _, v := range all {
		if v == version {
			count++
		}
	}
	if count > maxLabels {
		return 0, nil, refuse("ParameterVersionLabelLimitExceeded", "A parameter version can have a maximum of ten labels.")
	}
	h.Labels = all
	return version, invalid, s.heads.Put(keyOf(h.Name), h)
}

// Unlabel removes labels from a version. It returns those that it has removed, and those
// that the version does not have.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UnlabelParameterVersion.html
func (s *Service) Unlabel(name string, version int, labels []string) (removed, invalid []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, err := s.find(name)
	if err != nil {
		return nil, nil, err
	}
	if version < h.Oldest || version > h.Latest {
		return nil, nil, refuse("ParameterVersionNotFound", "Systems Manager could not find version %d of %s. Verify the version and try again.", version, h.Name)
	}
	rest := map[string]int{}
	maps.Copy(rest, h.Labels)
	removed, invalid = []string{}, []string{}
	for _, label := range labels {
		if rest[label] == version {
			delete(rest, label)
			removed = append(removed, label)
		} else {
			invalid = append(invalid, label)
		}
	}
	h.Labels = rest
	return removed, invalid, s.heads.Put(keyOf(h.Name), h)
}
