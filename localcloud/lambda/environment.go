package lambda

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
)

// open gets credentials of the function's role for a new environment, starts its
// X-Ray daemon and opens its log stream.
func (s *Service) open(inst *instance) error {
	f := inst.function
	if err := s.decryptVariables(f); err != nil {
		return err
	}
	credentials, err := s.assume(s.life, f.Config)
	if err != nil {
		return cloud.Errorf(http.StatusForbidden, "AccessDeniedException", "%s", roleRefused)
	}
	stream := fmt.Sprintf("%s/[%s]%s", time.Now().UTC().Format("2006/01/02"), f.Version,
		strings.ReplaceAll(uuid.NewString(), "-", ""))
	if s.options.Traces != nil {
		if inst.traces, err = s.options.Traces.Daemon(credentials.Caller, f.Name); err != nil {
			return err
		}
	}
	inst.credentials = credentials
	inst.log = s.openLog(f, stream, credentials.Caller)
	inst.system = newSystemLog(f, inst.log)
	return nil
}

// decryptVariables checks that the key that encrypts the environment variables can be
// used. The function's role needs no permission: Lambda has a grant of the key, which
// whoever configured the function created.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
// https://github.com/serverless/examples/issues/279
func (s *Service) decryptVariables(f Function) error {
	if f.KMSKeyARN == "" || len(f.Environment) == 0 || s.options.Keys == nil {
		return nil
	}
	err := s.options.Keys.CheckKey(f.KMSKeyARN)
	e, ok := errors.AsType[*cloud.Error](err)
	if !ok {
		return err
	}
	code, reason := "KMS"+strings.TrimPrefix(e.Code, "KMS"), "the KMS key used is in an invalid state for Decrypt"
	switch e.Code {
	case "DisabledException":
		reason = "the KMS key used is disabled"
	case "NotFoundException":
		reason = "the KMS key was not found"
	case "InvalidKeyUsageException":
		code = "KMSInvalidStateException" // Lambda documents no error of its own
	}
	return cloud.Errorf(http.StatusBadGateway, code, "Lambda was unable to decrypt the environment variables because %s. "+
		"Please check the function's KMS key settings. KMS Exception: %s KMS Message: %s", reason, e.Code, e.Message)
}

// start starts the environment's runtime.
func (s *Service) start(ctx context.Context, inst *instance) error {
	f := inst.function
	dir := s.codeDir(f)
	env, err := s.options.Runner.Start(ctx, Spec{
		Dir:      dir,
		Env:      s.variables(inst, s.options.Runner.TaskRoot(dir)),
		MemoryMB: s.memoryMB(f),
		TmpMB:    f.EphemeralMB,
		Output: func(line string) {
			if f.logs(line) {
				inst.log.add(line)
			}
		},
	})
	if err != nil {
		return err
	}
	inst.env = env
	return nil
}

// variables returns all environment variables of a function's process: those that
// AWS sets for an OS-only runtime, those of the function's configuration, and the
// endpoint through which AWS SDKs reach the local cloud. The configuration takes
// precedence over the endpoint and over AWS's variables that are not reserved.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func (s *Service) variables(inst *instance, root string) []string {
	f, credentials, region := inst.function, inst.credentials, s.options.Place.Region
	env := map[string]string{"AWS_ENDPOINT_URL": s.options.Endpoint()}
	maps.Copy(env, f.Environment)
	maps.Copy(env, map[string]string{
		"_HANDLER":                        f.Handler,
		"AWS_ACCESS_KEY_ID":               credentials.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY":           credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN":               credentials.SessionToken,
		"AWS_REGION":                      region,
		"AWS_DEFAULT_REGION":              region,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     f.Version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       f.LogGroup,
		"AWS_LAMBDA_LOG_STREAM_NAME":      inst.log.stream,
		"LAMBDA_TASK_ROOT":                root,
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
	})
	if f.LogFormat == "JSON" {
		env["AWS_LAMBDA_LOG_FORMAT"], env["AWS_LAMBDA_LOG_LEVEL"] = "JSON", f.ApplicationLogLevel
	}
	daemon := "127.0.0.1:2000" // nothing listens at this address
	if inst.traces != nil {
		daemon = inst.traces.Address()
	}
	host, port, _ := strings.Cut(daemon, ":")
	for name, value := range map[string]string{
		"LANG": "en_US.UTF-8",
		"TZ":   ":UTC",
		"PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:" +
			root + ":" + root + "/lib:/opt/lib",
		"AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
		"AWS_XRAY_DAEMON_ADDRESS":  daemon,
		"_AWS_XRAY_DAEMON_ADDRESS": host,
		"_AWS_XRAY_DAEMON_PORT":    port,
	} {
		if _, set := env[name]; !set {
			env[name] = value
		}
	}
	list := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}
