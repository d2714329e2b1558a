package gateway

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/secretsmanager"
)

// secretValue returns the value that a request has as a string or as bytes.
func secretValue(text *string, binary *blob) secretsmanager.Value {
	value := secretsmanager.Value{String: text}
	if binary != nil {
		value.Binary = slices.Concat([]byte{}, *binary)
	}
	return value
}

type createSecretInput struct {
	Name, Description, ClientRequestToken string
	KMSKeyID                              string `json:"KmsKeyId"`
	SecretString                          *string
	SecretBinary                          *blob
	Tags                                  []tag
	ForceOverwriteReplicaSecret           bool // there are no replicas
}

type putSecretInput struct {
	SecretID           string `json:"SecretId"`
	ClientRequestToken string
	SecretString       *string
	SecretBinary       *blob
	VersionStages      []string
	RotationToken      string // of the event of a rotation function
}

type updateSecretInput struct {
	SecretID           string `json:"SecretId"`
	ClientRequestToken string
	Description        *string
	KMSKeyID           *string `json:"KmsKeyId"`
	SecretString       *string
	SecretBinary       *blob
}

func (in putSecretInput) secret() string { return in.SecretID }
func (in putSecretInput) keys() map[string][]string {
	if len(in.VersionStages) == 0 {
		return nil
	}
	return withKey(nil, "secretsmanager:VersionStage", in.VersionStages...)
}

func (in updateSecretInput) secret() string { return in.SecretID }
func (in updateSecretInput) keys() (keys map[string][]string) {
	if in.Description != nil {
		keys = withKey(keys, "secretsmanager:Description", *in.Description)
	}
	if in.KMSKeyID != nil {
		keys = withKey(keys, "secretsmanager:KmsKeyId", *in.KMSKeyID)
	}
	return keys
}

// newSecret is the target of CreateSecret. Tags require another permission.
func newSecret(c *call, in createSecretInput) (target, error) {
	tags := tagMap(in.Tags)
	t := target{resource: c.place.ARN("secretsmanager", "secret:"+in.Name).String()}
	if err := c.tagNew("secretsmanager:TagResource", t.resource, tags); err != nil {
		return target{}, err
	}
	t.context = withKey(requestTags(tags), "secretsmanager:Name", in.Name)
	if in.Description != "" {
		t.context = withKey(t.context, "secretsmanager:Description", in.Description)
	}
	if in.KMSKeyID != "" {
		t.context = withKey(t.context, "secretsmanager:KmsKeyId", in.KMSKeyID)
	}
	return t, nil
}

type secretVersionOutput struct {
	ARN, Name     string
	VersionID     string   `json:"VersionId,omitempty"`
	VersionStages []string `json:",omitempty"`
}

func createSecret(c *call, in createSecretInput) (any, error) {
	s := secretsmanager.Secret{Name: in.Name, Description: in.Description, KMSKeyID: in.KMSKeyID, Tags: tagMap(in.Tags)}
	s, version, err := c.Secrets.Create(c.Context(), c.caller, s, secretValue(in.SecretString, in.SecretBinary), in.ClientRequestToken)
	return secretVersionOutput{ARN: s.ARN, Name: s.Name, VersionID: version}, err
}

func putSecretValue(c *call, in putSecretInput) (any, error) {
	if in.RotationToken != "" {
		if err := secretsmanager.CheckRotationToken(in.RotationToken); err != nil {
			return nil, err
		}
	}
	s, version, err := c.Secrets.Put(c.Context(), c.caller, in.SecretID, secretValue(in.SecretString, in.SecretBinary), in.ClientRequestToken, in.VersionStages)
	return secretVersionOutput{s.ARN, s.Name, version, s.StagesOf(version)}, err
}

func updateSecret(c *call, in updateSecretInput) (any, error) {
	s, version, err := c.Secrets.Update(c.Context(), c.caller, in.SecretID, in.Description, in.KMSKeyID, secretValue(in.SecretString, in.SecretBinary), in.ClientRequestToken)
	return secretVersionOutput{ARN: s.ARN, Name: s.Name, VersionID: version}, err
}

type secretValueOutput struct {
	ARN, Name     string
	VersionID     string  `json:"VersionId"`
	SecretString  *string `json:",omitempty"`
	SecretBinary  blob    `json:",omitempty"`
	VersionStages []string
	CreatedDate   instant
}

func getSecretValue(c *call, in getSecretInput) (any, error) {
	s, v, value, err := c.Secrets.Get(c.Context(), c.caller, in.SecretID, in.VersionID, in.VersionStage)
	return secretValueOutput{s.ARN, s.Name, v.ID, value.String, value.Binary, s.StagesOf(v.ID), instant{v.Created}}, err
}

type batchGetSecretInput struct {
	SecretIDList []string `json:"SecretIdList"`
	Filters      []secretFilter
	MaxResults   *int
	NextToken    string
}

// batchGetSecretValue also requires permission for each secret; those that the caller may
// not read are errors in the response.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
func batchGetSecretValue(c *call, in batchGetSecretInput) (any, error) {
	if (len(in.SecretIDList) > 0) == (len(in.Filters) > 0) {
		return nil, invalidSecret("You must include Filters or SecretIdList, but not both.")
	}
	type failure struct {
		SecretID           string `json:"SecretId"`
		ErrorCode, Message string
	}
	out := struct {
		SecretValues []any
		Errors       []failure
		NextToken    string `json:",omitempty"`
	}{[]any{}, []failure{}, ""}
	ids := in.SecretIDList
	if len(in.Filters) > 0 {
		found, next, err := selectedSecrets(c, in.Filters, false, in.NextToken, in.MaxResults, 20)
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			ids = append(ids, s.ARN)
		}
		out.NextToken = next
	}
	if len(ids) > 20 {
		return nil, invalidSecret("SecretIdList must have at most 20 items, not %d.", len(ids))
	}
	for _, id := range ids {
		request := getSecretInput{SecretID: id}
		value, err := any(nil), error(nil)
		on, _ := ofSecret(c, request)
		if err = c.authorize("secretsmanager:GetSecretValue", on); err == nil {
			value, err = getSecretValue(c, request)
		}
		if err == nil {
			out.SecretValues = append(out.SecretValues, value)
			continue
		}
		e, ok := errors.AsType[*cloud.Error](err)
		if !ok {
			return nil, err
		}
		out.Errors = append(out.Errors, failure{id, e.Code, e.Message})
	}
	return out, nil
}

type randomPasswordInput struct {
	PasswordLength                                                         *int
	ExcludeCharacters                                                      string
	ExcludeNumbers, ExcludePunctuation, ExcludeUppercase, ExcludeLowercase bool
	IncludeSpace                                                           bool
	RequireEachIncludedType                                                *bool
}

func getRandomPassword(_ *call, in randomPasswordInput) (any, error) {
	length := 32
	if in.PasswordLength != nil {
		length = *in.PasswordLength
	}
	password, err := secretsmanager.RandomPassword(secretsmanager.Password{
		Length: length, Exclude: in.ExcludeCharacters, NoNumbers: in.ExcludeNumbers, NoPunctuation: in.ExcludePunctuation, NoUppercase: in.ExcludeUppercase,
		NoLowercase: in.ExcludeLowercase, Space: in.IncludeSpace, EachType: in.RequireEachIncludedType == nil || *in.RequireEachIncludedType,
	})
	return struct{ RandomPassword string }{password}, err
}

type secretFilter struct {
	Key    string
	Values []string
}

// selects reports whether a secret has a value that begins with one of those of the
// filter. A value that begins with an exclamation mark excludes secrets.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html
func (f secretFilter) selects(s secretsmanager.Secret) (bool, error) {
	var found []string
	switch f.Key {
	case "name":
		found = []string{s.Name}
	case "description":
		found = []string{s.Description}
	case "tag-key", "tag-value", "all":
		if f.Key == "all" {
			found = []string{s.Name, s.Description}
		}
		for key, value := range s.Tags {
			if f.Key != "tag-value" {
				found = append(found, key)
			}
			if f.Key != "tag-key" {
				found = append(found, value)
			}
		}
	default:
		return false, invalidSecret("The local cloud does not know the filter key %q; it knows all, description, name, tag-key and tag-value.", f.Key)
	}
	return slices.ContainsFunc(f.Values, func(value string) bool {
		value, excluded := strings.CutPrefix(value, "!")
		has := slices.ContainsFunc(found, func(s string) bool {
			if f.Key == "name" || f.Key == "tag-key" || f.Key == "tag-value" {
				return strings.HasPrefix(s, value)
			}
			return strings.HasPrefix(strings.ToLower(s), strings.ToLower(value))
		})
		return has != excluded
	}), nil
}

// selectedSecrets returns a page of the secrets that all filters select.
func selectedSecrets(c *call, filters []secretFilter, planned bool, token string, limit *int, most int) ([]secretsmanager.Secret, string, error) {
	all := []secretsmanager.Secret{}
	for _, s := range c.Secrets.List(planned) {
		selected := true
		for _, f := range filters {
			ok, err := f.selects(s)
			if err != nil {
				return nil, "", err
			}
			selected = selected && ok
		}
		if selected {
			all = append(all, s)
		}
	}
	return secretsPage(all, token, limit, most, func(s secretsmanager.Secret) string { return s.Name })
}

// secretsPage returns a page of secrets or versions, which are ordered by key.
func secretsPage[T any](all []T, token string, limit *int, most int, key func(T) string) ([]T, string, error) {
	size := most
	if limit != nil {
		size = *limit
	}
	if size < 1 || size > most {
		return nil, "", invalidSecret("MaxResults must be from 1 to %d.", most)
	}
	found, next, ok := page(all, token, size, key)
	if !ok {
		return nil, "", cloud.Errorf(http.StatusBadRequest, "InvalidNextTokenException", "The NextToken value is invalid.")
	}
	return found, next, nil
}

func invalidSecret(format string, args ...any) error {
	return cloud.Errorf(http.StatusBadRequest, "InvalidParameterException", format, args...)
}
