package lambda

import (
	"cmp"
	"maps"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
)

// Alias is a name for a version of a function.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_AliasConfiguration.html
type Alias struct {
	Name        string // see CheckAliasName
	Function    string // in any form that Resolve accepts
	ARN         string // set by the service
	Version     string // "$LATEST" or the number of a published version
	Description string
	RevisionID  string // set by the service; changes with every update
	// AdditionalVersionWeights maps at most one further version to its share of
	// the invocations, from 0 to 1.
	AdditionalVersionWeights map[string]float64
}

// CreateAlias creates an alias. It fails with ResourceConflictException if the
// function already has an alias with that name, and with ResourceNotFoundException
// if it does not have the version.
func (s *Service) CreateAlias(a Alias) (Alias, error) {
	if err := CheckAliasName(a.Name); err != nil {
		return Alias{}, err
	}
	return s.putAlias(a, func(_ Alias, exists bool, arn string) error {
		if exists {
			return cloud.Errorf(http.StatusConflict, "ResourceConflictException", "Alias already exists: %s", arn)
		}
		return nil
	})
}

// UpdateAlias replaces the alias with that name. It fails with
// ResourceNotFoundException if the function does not have the alias or the version,
// and with PreconditionFailedException if a has a revision that is not the alias's.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html
func (s *Service) UpdateAlias(a Alias) (Alias, error) {
	return s.putAlias(a, func(old Alias, exists bool, arn string) error {
		if !exists {
			return errNoAlias(arn)
		}
		return checkRevision(a.RevisionID, old.RevisionID)
	})
}

// putAlias stores the alias, unless it is invalid or admit returns an error.
func (s *Service) putAlias(a Alias, admit func(old Alias, exists bool, arn string) error) (Alias, error) {
	err := cmp.Or(CheckFunctionVersion(a.Version), CheckDescription(a.Description), CheckRouting(a.Version, a.AdditionalVersionWeights))
	if err != nil {
		return Alias{}, err
	}
	err = s.change(a.Function, func(row *record) error {
		a.Function, a.ARN = row.Name, row.ARN+":"+a.Name
		old, exists := row.alias(a.Name)
		if err := admit(old, exists, a.ARN); err != nil {
			return err
		}
		if err := row.checkVersions(a); err != nil {
			return err
		}
		a.RevisionID = uuid.NewString()
		a.AdditionalVersionWeights = maps.Clone(a.AdditionalVersionWeights)
		row.Aliases = append(row.withoutAlias(a.Name), a)
		slices.SortFunc(row.Aliases, func(a, b Alias) int { return cmp.Compare(a.Name, b.Name) })
		return nil
	})
	return a, err
}

// checkVersions checks that the versions of the alias exist, and that they have the
// same role and dead-letter target.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
// https://github.com/serverless-heaven/serverless-aws-alias/issues/64
func (r record) checkVersions(a Alias) error {
	main, ok := r.version(a.Version)
	if !ok {
		return errNotFound(r.ARN + ":" + a.Version)
	}
	for version := range a.AdditionalVersionWeights { // at most one
		additional, ok := r.version(version)
		switch {
		case !ok:
			return errNotFound(r.ARN + ":" + version)
		case additional.Role != main.Role:
			return badParameter("Specified versions must be associated with the same execution role")
		case additional.DeadLetterTargetARN != main.DeadLetterTargetARN: // AWS does not document the wording
			return badParameter("Specified versions must be associated with the same dead letter queue configuration")
		}
	}
	return nil
}

// choose returns the version that an invocation of the alias runs, where roll is a
// random number in [0, 1). A roll of 1 ignores the weights. Every attempt of an
// asynchronous invocation chooses anew; AWS does not document what it does.
func (a Alias) choose(roll float64) string {
	for version, weight := range a.AdditionalVersionWeights {
		if roll < weight {
			return version
		}
	}
	return a.Version
}

// Alias returns the function's alias with that name. It fails with
// ResourceNotFoundException.
func (s *Service) Alias(function, name string) (Alias, error) {
	_, row, err := s.named(function)
	if err != nil {
		return Alias{}, err
	}
	a, ok := row.alias(name)
	if !ok {
		return Alias{}, errNoAlias(row.ARN + ":" + name)
	}
	return a, nil
}

// Aliases returns the function's aliases, ordered by name.
func (s *Service) Aliases(function string) ([]Alias, error) {
	_, row, err := s.named(function)
	return row.Aliases, err
}

// DeleteAlias removes the alias with its permissions, its configuration of asynchronous
// invocations and its URL. It fails with ResourceNotFoundException.
func (s *Service) DeleteAlias(function, name string) error {
	return s.change(function, func(row *record) error {
		if _, ok := row.alias(name); !ok {
			return errNoAlias(row.ARN + ":" + name)
		}
		row.Aliases = row.withoutAlias(name)
		row.forget(name)
		return nil
	})
}

// forget removes the permissions, the configuration of asynchronous invocations and the
// URL of an alias or a version.
func (r *record) forget(qualifier string) {
	r.Permissions = slices.DeleteFunc(slices.Clone(r.Permissions), func(p Permission) bool { return p.Qualifier == qualifier })
	r.InvokeConfigs = r.withoutInvokeConfig(qualifier)
	r.URLs = r.withoutURL(qualifier)
}

// aliasesOf returns the names of the aliases that point to the version, alone or
// with a weight.
func (r record) aliasesOf(version string) (names []string) {
	for _, a := range r.Aliases {
		if _, weighted := a.AdditionalVersionWeights[version]; weighted || a.Version == version {
			names = append(names, a.Name)
		}
	}
	return names
}

func (r record) alias(name string) (Alias, bool) {
	return find(r.Aliases, func(a Alias) bool { return a.Name == name })
}

func (r record) withoutAlias(name string) []Alias {
	return slices.DeleteFunc(slices.Clone(r.Aliases), func(a Alias) bool { return a.Name == name })
}

// has reports whether the function has that version or alias. An empty qualifier
// names $LATEST.
func (r record) has(qualifier string) bool {
	_, isAlias := r.alias(qualifier)
	_, isVersion := r.version(cmp.Or(qualifier, latest))
	return isAlias || isVersion
}

func errNoAlias(arn string) error {
	return cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "Cannot find alias arn: %s", arn)
}
