package lambda

import (
	"net/http"
	"reflect"
	"slices"

	"tally/localcloud/cloud"
)

// EditFunction applies edit to the configuration of a function, and replaces its code if
// zip is not nil, like UpdateFunction. It fails with PreconditionFailedException if revision
// is neither "" nor that of the function, and with ResourceConflictException if the function
// changes meanwhile.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
func (s *Service) EditFunction(name, revision string, zip []byte, edit func(*Config)) (Function, error) {
	old, err := s.Function(name)
	if err != nil {
		return Function{}, err
	}
	if err := checkRevision(revision, old.RevisionID); err != nil {
		return Function{}, err
	}
	f := old
	f.Config = old.withDefaults() // a copy
	edit(&f.Config)
	if err := Validate(f.Config); err != nil {
		return Function{}, err
	}
	f.Config = f.withDefaults()
	if err := s.checkKey(old.Config, f.Config); err != nil {
		return Function{}, err
	}
	if err := s.checkRole(f.Config); err != nil {
		return Function{}, err
	}
	return s.put(f, zip, "UpdateFunctionCode", func(exists bool) error {
		if !exists {
			return errNotFound(f.ARN)
		}
		if now, _ := s.functions.Get(name); !reflect.DeepEqual(now.Function, old) {
			return cloud.Errorf(http.StatusConflict, "ResourceConflictException",
				"The operation cannot be performed at this time. An update is in progress for resource: %s", f.ARN)
		}
		return nil
	})
}

// checkKey checks that a key that is to encrypt environment variables, and did not before,
// can do so.
func (s *Service) checkKey(old, c Config) error {
	encrypts := func(c Config) bool { return c.KMSKeyARN != "" && len(c.Environment) > 0 }
	if s.options.Keys == nil || !encrypts(c) || encrypts(old) && old.KMSKeyARN == c.KMSKeyARN {
		return nil
	}
	return refuseKey(s.options.Keys.CheckKey(c.KMSKeyARN))
}

// CheckRevision fails with PreconditionFailedException if revision is neither "" nor that of
// the function, version or alias, and with ResourceNotFoundException if that does not exist.
func (s *Service) CheckRevision(to Reference, revision string) error {
	row, err := s.get(to.Name)
	if err != nil {
		return err
	}
	if a, ok := row.alias(to.Qualifier); ok {
		return checkRevision(revision, a.RevisionID)
	}
	f, ok := row.lookup(to.Qualifier, 1)
	if !ok {
		return errNotFound(to.ARN)
	}
	return checkRevision(revision, f.RevisionID)
}

func checkRevision(revision, latest string) error {
	if revision != "" && revision != latest {
		return cloud.Errorf(http.StatusPreconditionFailed, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. "+
			"Call the GetFunction/GetAlias API to retrieve the latest Revision Id")
	}
	return nil
}

// ReserveConcurrency sets the reserved concurrency of a function, -1 for none. It neither
// changes the function's revision nor ends any environment.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html
func (s *Service) ReserveConcurrency(name string, executions int) error {
	if err := CheckReservedConcurrency(executions); err != nil {
		return err
	}
	return s.change(name, func(row *record) error {
		row.ReservedConcurrency = executions
		return s.checkReservedLocked(row.Function)
	})
}

// ChangeTags adds or replaces tags of the function or of the event source mapping with that
// ARN, and removes others. It fails with ResourceNotFoundException and
// InvalidParameterValueException.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_TagResource.html
func (s *Service) ChangeTags(arn string, add map[string]string, remove []string) error {
	if m, ok := s.mappingByARN(arn); ok {
		s.mappings.mu.Lock()
		defer s.mappings.mu.Unlock()
		m, err := s.EventSourceMapping(m.UUID)
		if err != nil {
			return err
		}
		m.Tags = cloud.Retagged(m.Tags, add, remove)
		if err := CheckTags(m.Tags); err != nil {
			return err
		}
		return s.mappings.table.Put(m.UUID, m)
	}
	to, err := s.taggable(arn)
	if err != nil {
		return err
	}
	return s.change(to.Name, func(row *record) error {
		row.Tags = cloud.Retagged(row.Tags, add, remove)
		return CheckTags(row.Tags)
	})
}

// Tags returns the tags of the function or of the event source mapping with that ARN. It
// fails with ResourceNotFoundException.
func (s *Service) Tags(arn string) (map[string]string, error) {
	if m, ok := s.mappingByARN(arn); ok {
		return m.Tags, nil
	}
	to, err := s.taggable(arn)
	if err != nil {
		return nil, err
	}
	f, err := s.Function(to.Name)
	return f.Tags, err
}

// taggable returns the function with that ARN. Versions and aliases have no tags.
func (s *Service) taggable(arn string) (Reference, error) {
	to, err := s.Resolve(arn, "")
	if err == nil && to.ARN != arn || to.Qualifier != "" {
		return to, badParameter("Tags on function aliases and versions are not supported. Please specify either a function ARN, or an event source mapping ARN, unlike %s", arn)
	}
	return to, err
}

func (s *Service) mappingByARN(arn string) (EventSourceMapping, bool) {
	return find(s.mappings.table.All(), func(m EventSourceMapping) bool { return m.ARN == arn })
}

// EventInvokeConfigs returns the configurations of the function, its versions and aliases.
func (s *Service) EventInvokeConfigs(name string) ([]EventInvokeConfig, error) {
	row, err := s.get(name)
	return slices.Clone(row.InvokeConfigs), err
}
