package lambda

import (
	"cmp"
	"maps"
	"net/http"
	"regexp"
	"slices"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
)

// Alias is a name for a version of a function.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_AliasConfiguration.html
type Alias struct {
	Name        string // [a-zA-Z0-9-_]{1,128}, not a number
	Function    string // its name, or what Resolve reads as one
	ARN         string // set by the service
	Version     string // "$LATEST" or a published one
	Description string
	RevisionID  string // set by the service; changes with every update
	// AdditionalVersionWeights gives one further version its share of the
	// invocations, from 0 to 1.
	AdditionalVersionWeights map[string]float64
}

var (
	aliasName = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,128}$`)
	number    = regexp.MustCompile(`^[0-9]+$`)
)

// CreateAlias fails with ResourceConflictException where the function has an
// alias of that name, and with ResourceNotFoundException where it has no such
// version.
func (s *Service) CreateAlias(a Alias) (Alias, error) {
	if !aliasName.MatchString(a.Name) || number.MatchString(a.Name) {
		return Alias{}, invalid("Value '%s' at 'name' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)", a.Name)
	}
	return s.putAlias(a, func(exists bool, arn string) error {
		if exists {
			return cloud.Errorf(http.StatusConflict, "ResourceConflictException", "Alias already exists: %s", arn)
		}
		return nil
	})
}

// UpdateAlias replaces the alias of that name.
func (s *Service) UpdateAlias(a Alias) (Alias, error) {
	return s.putAlias(a, func(exists bool, arn string) error {
		if !exists {
			return errNoAlias(arn)
		}
		return nil
	})
}

func (s *Service) putAlias(a Alias, admit func(exists bool, arn string) error) (Alias, error) {
	err := s.change(a.Function, func(row *record) error {
		a.Function, a.ARN = row.Name, row.ARN+":"+a.Name
		_, exists := row.alias(a.Name)
		if err := admit(exists, a.ARN); err != nil {
			return err
		}
		if err := row.checkRouting(a); err != nil {
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

// checkRouting checks the versions that the alias points to.
func (r record) checkRouting(a Alias) error {
	if _, ok := r.version(a.Version); !ok {
		return errNotFound(r.ARN + ":" + a.Version)
	}
	if len(a.AdditionalVersionWeights) > 1 {
		return badParameter("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	for version, weight := range a.AdditionalVersionWeights {
		const constraint = "Value '{%s=%v}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: "
		switch {
		case weight < 0 || weight > 1:
			return invalid(constraint+"Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "+
				"Member must have value greater than or equal to 0.0]", version, weight)
		case version == a.Version:
			return badParameter("Invalid function version %s. Function version %[1]s is already included in routing configuration.", version)
		case a.Version == latest:
			return badParameter("$LATEST is not supported for an alias pointing to more than 1 version")
		case !number.MatchString(version):
			return invalid(constraint+"Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [0-9]+]", version, weight)
		}
		if _, ok := r.version(version); !ok {
			return errNotFound(r.ARN + ":" + version)
		}
	}
	return nil
}

// choose is the version that an invocation of the alias runs, by a roll from 0
// to 1, at which no weight counts.
func (a Alias) choose(roll float64) string {
	for version, weight := range a.AdditionalVersionWeights {
		if roll < weight {
			return version
		}
	}
	return a.Version
}

// Alias returns the function's alias of that name, or
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

// DeleteAlias removes the alias with its permissions and its configuration of
// asynchronous invocations, or fails with ResourceNotFoundException.
func (s *Service) DeleteAlias(function, name string) error {
	return s.change(function, func(row *record) error {
		if _, ok := row.alias(name); !ok {
			return errNoAlias(row.ARN + ":" + name)
		}
		row.Aliases = row.withoutAlias(name)
		row.Permissions = slices.DeleteFunc(slices.Clone(row.Permissions), func(p Permission) bool { return p.Qualifier == name })
		row.InvokeConfigs = row.withoutInvokeConfig(name)
		return nil
	})
}

func (r record) alias(name string) (Alias, bool) {
	return find(r.Aliases, func(a Alias) bool { return a.Name == name })
}

func (r record) withoutAlias(name string) []Alias {
	return slices.DeleteFunc(slices.Clone(r.Aliases), func(a Alias) bool { return a.Name == name })
}

// knows tells whether the function has that version or alias.
func (r record) knows(qualifier string) bool {
	_, isAlias := r.alias(qualifier)
	_, isVersion := r.version(cmp.Or(qualifier, latest))
	return isAlias || isVersion
}

func errNoAlias(arn string) error {
	return cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "Cannot find alias arn: %s", arn)
}
