package gateway

import (
	"fmt"
	"time"

	"tally/localcloud/secretsmanager"
)

// secretMetadata is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
// and https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_SecretListEntry.html,
// which name the stages of versions differently.
type secretMetadata struct {
	ARN, Name        string
	Description      string `json:",omitempty"`
	KMSKeyID         string `json:"KmsKeyId,omitempty"`
	CreatedDate      instant
	LastChangedDate  instant
	LastAccessedDate *instant `json:",omitempty"`
	DeletedDate      *instant `json:",omitempty"`
	secretRotation
	Tags               []tag
	VersionIDsToStages map[string][]string `json:"VersionIdsToStages,omitempty"`
	SecretVersions     map[string][]string `json:"SecretVersionsToStages,omitempty"`
}

func secretMetadataOf(c *call, s secretsmanager.Secret) secretMetadata {
	return secretMetadata{ARN: s.ARN, Name: s.Name, Description: s.Description, KMSKeyID: s.KMSKeyID, CreatedDate: instant{s.Created},
		LastChangedDate: instant{s.Changed}, LastAccessedDate: optional(s.Accessed), DeletedDate: optional(s.Deletion), secretRotation: secretRotationOf(c, s), Tags: tagsOf(s.Tags)}
}

func optional(t time.Time) *instant {
	if t.IsZero() {
		return nil
	}
	return &instant{t}
}

func stagesOfVersions(s secretsmanager.Secret) map[string][]string {
	all := map[string][]string{}
	for _, v := range s.Versions {
		if stages := s.StagesOf(v.ID); len(stages) > 0 {
			all[v.ID] = stages
		}
	}
	return all
}

func describeSecret(c *call, in secretInput) (any, error) {
	s, err := c.Secrets.Find(in.SecretID)
	out := secretMetadataOf(c, s)
	out.VersionIDsToStages = stagesOfVersions(s)
	return out, err
}

type listSecretsInput struct {
	Filters                []secretFilter
	IncludePlannedDeletion bool
	MaxResults             *int
	NextToken              string
	SortOrder              string // "asc" or "desc"; by name here
}

func listSecrets(c *call, in listSecretsInput) (any, error) {
	if in.SortOrder != "" {
		return nil, invalidSecret("The local cloud lists secrets by name, and has no SortOrder.")
	}
	found, next, err := selectedSecrets(c, in.Filters, in.IncludePlannedDeletion, in.NextToken, in.MaxResults, 100)
	out := struct {
		SecretList []secretMetadata
		NextToken  string `json:",omitempty"`
	}{[]secretMetadata{}, next}
	for _, s := range found {
		m := secretMetadataOf(c, s)
		m.SecretVersions = stagesOfVersions(s)
		out.SecretList = append(out.SecretList, m)
	}
	return out, err
}

func listSecretVersionIDs(c *call, in secretVersionsInput) (any, error) {
	type version struct {
		VersionID     string `json:"VersionId"`
		VersionStages []string
		CreatedDate   instant
	}
	s, err := c.Secrets.Find(in.SecretID)
	if err != nil {
		return nil, err
	}
	var all []version
	for _, v := range s.Versions {
		if stages := s.StagesOf(v.ID); len(stages) > 0 || in.IncludeDeprecated {
			all = append(all, version{v.ID, stages, instant{v.Created}})
		}
	}
	found, next, err := secretsPage(all, in.NextToken, in.MaxResults, 100, func(v version) string { return fmt.Sprintf("%020d%s", v.CreatedDate.UnixNano(), v.VersionID) })
	if err != nil {
		return nil, err
	}
	return struct {
		ARN, Name string
		Versions  []version
		NextToken string `json:",omitempty"`
	}{s.ARN, s.Name, append([]version{}, found...), next}, nil
}
