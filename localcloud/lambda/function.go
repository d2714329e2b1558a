package lambda

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
)

// Config is the configuration of a function. Zero values stand for the defaults
// of AWS, unless documented otherwise.
type Config struct {
	Name           string // see CheckFunctionName
	Role           string // ARN of the execution role
	Handler        string // set as _HANDLER; OS-only runtimes ignore it
	Runtime        string // "provided.al2023" or "provided.al2"
	Description    string
	Architectures  []string // one of "x86_64" (default) and "arm64", that of the bootstrap
	MemoryMB       int      // MiB, 128 (default) to 10240
	TimeoutSeconds int      // 1 to 900, default 3
	EphemeralMB    int      // MiB that /tmp can hold, 512 (default) to 10240
	Environment    map[string]string
	LogGroup       string // default "/aws/lambda/NAME"
	LogFormat      string // "Text" (default) or "JSON"
	// ApplicationLogLevel ("TRACE" to "FATAL") and SystemLogLevel ("DEBUG",
	// "INFO" or "WARN") are the minimum levels of the function's own lines and of
	// Lambda's with LogFormat JSON: "INFO" by default. Text has none.
	ApplicationLogLevel, SystemLogLevel string
	// DeadLetterTargetARN is the queue or topic that receives asynchronous events
	// that the function could not process; "" for none.
	DeadLetterTargetARN string
	KMSKeyARN           string // of the key that encrypts Environment, "" for AWS's own
	TracingMode         string // "PassThrough" (default) or "Active"
	// ReservedConcurrency limits how many environments may be busy at once: -1
	// means as many as the account has left, 0 means none.
	ReservedConcurrency int
	Tags                map[string]string
}

// Function is an existing function.
type Function struct {
	Config
	ARN          string // without a version
	CodeSHA256   string // base64, of the zip
	CodeSize     int64  // bytes, of the zip
	LastModified time.Time
	Version      string // "$LATEST" or a number
	RevisionID   string // changes with every update
}

// QualifiedARN returns the ARN of this version.
func (f Function) QualifiedARN() string { return f.ARN + ":" + f.Version }

func (f Function) timeout() time.Duration { return time.Duration(f.TimeoutSeconds) * time.Second }

// withDefaults returns a copy with the defaults filled in. It shares no maps or
// slices with c.
func (c Config) withDefaults() Config {
	c.Architectures = slices.Clone(c.Architectures)
	if len(c.Architectures) == 0 {
		c.Architectures = []string{"x86_64"}
	}
	c.MemoryMB = cmp.Or(c.MemoryMB, 128)
	c.TimeoutSeconds = cmp.Or(c.TimeoutSeconds, 3)
	c.EphemeralMB = cmp.Or(c.EphemeralMB, 512)
	c.Environment = maps.Clone(c.Environment)
	c.LogGroup = cmp.Or(c.LogGroup, "/aws/lambda/"+c.Name)
	c.LogFormat = cmp.Or(c.LogFormat, "Text")
	if c.LogFormat == "JSON" {
		c.ApplicationLogLevel = cmp.Or(c.ApplicationLogLevel, "INFO")
		c.SystemLogLevel = cmp.Or(c.SystemLogLevel, "INFO")
	}
	c.TracingMode = cmp.Or(c.TracingMode, "PassThrough")
	c.Tags = maps.Clone(c.Tags)
	return c
}

// CreateFunction creates a function from a zip that holds an executable named
// bootstrap. It fails with ValidationException or InvalidParameterValueException
// if the configuration, the role or the zip is invalid, and with
// ResourceConflictException if the function already exists.
func (s *Service) CreateFunction(c Config, zip []byte) (Function, error) {
	if err := Validate(c); err != nil {
		return Function{}, err
	}
	if _, err := s.Function(c.Name); err == nil {
		return Function{}, errExists(c.Name)
	}
	c = c.withDefaults()
	if err := s.checkKey(Config{}, c); err != nil {
		return Function{}, err
	}
	if err := s.checkRole(c); err != nil {
		return Function{}, err
	}
	if zip == nil {
		zip = []byte{} // invalid, whereas nil would mean to retain the code
	}
	f := Function{Config: c, ARN: s.arn(c.Name), Version: latest}
	return s.put(f, zip, "CreateFunction", func(exists bool) error {
		if exists {
			return errExists(c.Name)
		}
		return nil
	})
}

// UpdateFunction replaces the configuration of the function named c.Name, and
// its code if zip is not nil. Environments with the previous code or configuration
// are removed, busy ones once they have finished.
func (s *Service) UpdateFunction(c Config, zip []byte) (Function, error) {
	if err := Validate(c); err != nil {
		return Function{}, err
	}
	f, err := s.Function(c.Name)
	if err != nil {
		return Function{}, err
	}
	old := f.Config
	f.Config = c.withDefaults()
	if err := s.checkKey(old, f.Config); err != nil {
		return Function{}, err
	}
	if err := s.checkRole(f.Config); err != nil {
		return Function{}, err
	}
	return s.put(f, zip, "UpdateFunctionCode", func(exists bool) error {
		if !exists {
			return errNotFound(s.arn(c.Name))
		}
		return nil
	})
}

// put stores the function, with new code if zip is not nil, unless admit returns
// an error. It calls admit with whether the function already exists.
func (s *Service) put(f Function, zip []byte, operation string, admit func(exists bool) error) (Function, error) {
	staged, code := "", s.codeDir(f)
	if zip != nil {
		sum := sha256.Sum256(zip)
		f.CodeSHA256, f.CodeSize = base64.StdEncoding.EncodeToString(sum[:]), int64(len(zip))
		var err error
		if staged, err = s.stage(zip, operation); err != nil {
			return Function{}, err
		}
		code = staged
	}
	if err := checkCode(code, f.Config); err != nil {
		s.unstage(staged)
		return Function{}, err
	}
	f.LastModified, f.RevisionID = time.Now().UTC(), uuid.NewString()

	s.mu.Lock()
	idle, err := s.replaceLocked(f, staged, admit)
	s.mu.Unlock()
	s.unstage(staged)
	s.retire(idle...)
	return f, err
}

// replaceLocked installs the code, stores the function, and returns the idle
// environments that are now out of date.
func (s *Service) replaceLocked(f Function, staged string, admit func(exists bool) error) ([]*instance, error) {
	row, exists := s.functions.Get(f.Name)
	if err := admit(exists); err != nil {
		return nil, err
	}
	if err := s.checkReservedLocked(f); err != nil {
		return nil, err
	}
	if staged != "" {
		if err := s.installLocked(staged, f); err != nil {
			return nil, err
		}
	} else {
		f.CodeSHA256, f.CodeSize = row.CodeSHA256, row.CodeSize
	}
	row.Function = f
	if err := s.functions.Put(f.Name, row); err != nil {
		return nil, err
	}
	s.functions.EraseSoon()
	s.reserveLocked()
	return s.takeIdleLocked(f.Name, row), nil
}

// checkReservedLocked returns an error if the function reserves more concurrency
// than the other functions leave.
func (s *Service) checkReservedLocked(f Function) error {
	sum := max(0, f.ReservedConcurrency)
	for _, other := range s.functions.All() {
		if other.Name != f.Name {
			sum += max(0, other.ReservedConcurrency)
		}
	}
	return CheckReservedConcurrency(sum)
}

// DeleteFunction removes the function with its versions and aliases, its code,
// its permissions and its URLs. Busy environments finish first; the function's queued
// events are dropped when their next attempt is due.
func (s *Service) DeleteFunction(name string) error {
	s.mu.Lock()
	_, err := s.get(name)
	if err == nil {
		err = s.functions.Delete(name)
	}
	var idle []*instance
	if err == nil {
		s.functions.EraseSoon()
		s.reserveLocked()
		s.dropURLsLocked(record{Function: Function{Config: Config{Name: name}}})
		idle = s.takeIdleLocked(name, record{})
		s.sweepLocked(name)
	}
	s.mu.Unlock()
	s.retire(idle...)
	return err
}

// Function returns the function of that name. It fails with
// ResourceNotFoundException.
func (s *Service) Function(name string) (Function, error) {
	row, err := s.get(name)
	return row.Function, err
}

func (s *Service) get(name string) (record, error) {
	row, ok := s.functions.Get(name)
	if !ok {
		return record{}, errNotFound(s.arn(name))
	}
	return row, nil
}

// Functions returns all functions, ordered by name.
func (s *Service) Functions() []Function {
	rows := s.functions.All()
	functions := make([]Function, len(rows))
	for i, row := range rows {
		functions[i] = row.Function
	}
	return functions
}

// checkRole checks that Lambda may assume the role and that the role may send to
// the dead-letter target, as AWS does when a function is created or changed.
func (s *Service) checkRole(c Config) error {
	creds, err := s.assume(context.Background(), c)
	if err != nil {
		return cloud.Errorf(http.StatusBadRequest, "InvalidParameterValueException", "%s", roleRefused)
	}
	defer s.options.Roles.Revoke(creds.AccessKeyID)
	if c.DeadLetterTargetARN == "" {
		return nil
	}
	to := destinations[cloud.ServiceOf(c.DeadLetterTargetARN)]
	if err := s.checkSend(creds.Caller, c.DeadLetterTargetARN); err != nil {
		return badParameter("The provided execution role does not have permissions to call %s on %s", to.operation, to.service)
	}
	return nil
}

const roleRefused = "The role defined for the function cannot be assumed by Lambda."

// assume starts a session of the function's role. Lambda sends the ARN of the
// function, so that a trust policy can limit the role to functions or to an account.
//
// https://github.com/aws/aws-parallelcluster/pull/6926
func (s *Service) assume(ctx context.Context, c Config) (cloud.Credentials, error) {
	role, err := cloud.ParseARN(c.Role)
	if err != nil {
		return cloud.Credentials{}, err
	}
	service := cloud.Caller{Service: principal, SourceARN: s.options.Place.ARN("lambda", "function:"+c.Name)}
	return s.options.Roles.AssumeRole(ctx, service, role, c.Name)
}

func errExists(name string) error {
	return cloud.Errorf(http.StatusConflict, "ResourceConflictException", "Function already exist: %s", name)
}
