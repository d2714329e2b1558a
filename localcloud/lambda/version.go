package lambda

import (
	"cmp"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
)

// PublishVersion creates an immutable version from the function's current code
// and configuration, or returns the latest version if neither has changed since. A
// description other than "" replaces that of the function. PublishVersion fails
// with ValidationException if the description is too long, and with
// InvalidParameterValueException if codeSHA256 is neither "" nor that of the current
// code.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
func (s *Service) PublishVersion(function, description, codeSHA256 string) (Function, error) {
	if err := CheckDescription(description); err != nil {
		return Function{}, err
	}
	var published Function
	err := s.change(function, func(row *record) error {
		if codeSHA256 != "" && codeSHA256 != row.CodeSHA256 {
			return badParameter("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). "+
				"Please try again with the CodeSHA256 in $LATEST.", codeSHA256, row.CodeSHA256)
		}
		published = row.Function
		published.Description = cmp.Or(description, row.Description)
		if n := len(row.Versions); n > 0 && published.sameAs(row.Versions[n-1]) {
			published = row.Versions[n-1]
			return nil
		}
		row.Published++
		published.Version = strconv.Itoa(row.Published)
		published.LastModified, published.RevisionID = time.Now().UTC(), uuid.NewString()
		row.Versions = append(slices.Clone(row.Versions), published)
		return nil
	})
	return published, err
}

// sameAs reports whether two versions have the same code and configuration. It
// ignores tags and reserved concurrency, which belong to the function as a whole.
func (f Function) sameAs(other Function) bool {
	for _, v := range []*Function{&f, &other} {
		v.Tags, v.ReservedConcurrency = nil, 0
	}
	return f.CodeSHA256 == other.CodeSHA256 && reflect.DeepEqual(f.Config, other.Config)
}

// DeleteVersion removes a published version, and its permissions and configuration
// of asynchronous invocations. Busy environments finish first. It does nothing if
// the function does not have the version, as on AWS. It fails with
// InvalidParameterValueException for $LATEST and for the name of an alias, and with
// ResourceConflictException if an alias points to the version.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
// https://github.com/floci-io/floci/pull/2824
func (s *Service) DeleteVersion(function, version string) error {
	switch {
	case version == latest:
		return badParameter("$LATEST version cannot be deleted without deleting the function.")
	case !number.MatchString(version):
		return badParameter("Deletion of aliases is not currently supported.")
	}
	name := ""
	err := s.change(function, func(row *record) error {
		if aliases := row.aliasesOf(version); len(aliases) > 0 {
			return cloud.Errorf(http.StatusConflict, "ResourceConflictException",
				"Unable to delete version because the following aliases reference it: [%s]", strings.Join(aliases, ", "))
		}
		row.Versions = slices.DeleteFunc(slices.Clone(row.Versions), func(f Function) bool { return f.Version == version })
		row.forget(version)
		name = row.Name
		return nil
	})
	if err != nil {
		return err
	}
	s.functions.EraseSoon()
	s.mu.Lock()
	current, _ := s.functions.Get(name)
	idle := s.takeIdleLocked(name, current)
	s.sweepLocked(name)
	s.mu.Unlock()
	s.retire(idle...)
	return nil
}

// Versions returns $LATEST, followed by the function's published versions, oldest
// first.
func (s *Service) Versions(function string) ([]Function, error) {
	_, row, err := s.named(function)
	if err != nil {
		return nil, err
	}
	return row.versions(), nil
}

// Lookup returns the version that the reference names: $LATEST if it has no
// qualifier, and the version that the alias points to if the qualifier is an alias.
// It fails with ResourceNotFoundException.
func (s *Service) Lookup(r Reference) (Function, error) {
	row, err := s.get(r.Name)
	if err != nil {
		return Function{}, err
	}
	f, ok := row.lookup(r.Qualifier, 1)
	if !ok {
		return Function{}, errNotFound(r.ARN)
	}
	return f, nil
}

func (r record) versions() []Function {
	return append([]Function{r.Function}, r.Versions...)
}

// version returns the version with that number, which may be "$LATEST".
func (r record) version(number string) (Function, bool) {
	if r.Version == number {
		return r.Function, true
	}
	return find(r.Versions, func(f Function) bool { return f.Version == number })
}

// lookup returns the version that the qualifier names. If it is an alias, roll
// selects one of the alias's versions, as in choose.
func (r record) lookup(qualifier string, roll float64) (Function, bool) {
	if a, ok := r.alias(qualifier); ok {
		return r.version(a.choose(roll))
	}
	return r.version(cmp.Or(qualifier, latest))
}

// holds reports whether f is still the function or one of its versions.
func (r record) holds(f Function) bool {
	return r.RevisionID == f.RevisionID || slices.ContainsFunc(r.Versions, func(v Function) bool { return v.RevisionID == f.RevisionID })
}

// change applies edit to the function's record and stores the record. edit must
// replace slices and maps instead of modifying them.
func (s *Service) change(function string, edit func(*record) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, row, err := s.named(function)
	if err != nil {
		return err
	}
	if err := edit(&row); err != nil {
		return err
	}
	row.documents = row.policies()
	if err := s.functions.Put(row.Name, row); err != nil {
		return err
	}
	s.reserveLocked()
	s.dropURLsLocked(row)
	return nil
}

// find returns the first item for which match returns true.
func find[T any](items []T, match func(T) bool) (item T, ok bool) {
	i := slices.IndexFunc(items, match)
	if i < 0 {
		return item, false
	}
	return items[i], true
}
