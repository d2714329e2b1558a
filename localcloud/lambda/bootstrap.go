package lambda

import (
	"debug/elf"
	"debug/macho"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// architectures are Lambda's names of the processors that Go calls amd64 and arm64.
var architectures = map[string]string{"amd64": "x86_64", "arm64": "arm64"}

// ReadHeader reads the beginning of a program, as much as CheckBootstrap needs. A
// shorter program is not an error.
func ReadHeader(program io.Reader) ([]byte, error) {
	header := make([]byte, 20)
	n, err := io.ReadFull(program, header)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return header[:n], err
}

// builtFor returns the operating system, as Go names it, and the architecture, as
// Lambda does, of a program that begins with header. Either is "" if it is unknown,
// as both are for a script.
func builtFor(header []byte) (system, architecture string) {
	if len(header) < 20 {
		return "", ""
	}
	switch word := binary.LittleEndian.Uint32; {
	case string(header[:4]) == elf.ELFMAG:
		return "linux", map[elf.Machine]string{
			elf.EM_X86_64: architectures["amd64"], elf.EM_AARCH64: architectures["arm64"],
		}[elf.Machine(binary.LittleEndian.Uint16(header[18:]))]
	case word(header) == macho.Magic64:
		return "darwin", map[macho.Cpu]string{
			macho.CpuAmd64: architectures["amd64"], macho.CpuArm64: architectures["arm64"],
		}[macho.Cpu(word(header[4:]))]
	}
	return "", ""
}

// CheckBootstrap refuses a bootstrap that is built for another architecture than that
// of its function. header is its beginning. AWS accepts such a bootstrap and fails to
// start it: fork/exec /var/task/bootstrap: exec format error.
//
// https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html
func CheckBootstrap(header []byte, architecture string) error {
	if _, built := builtFor(header); built != "" && built != architecture {
		return badParameter("bootstrap is built for %s, but the function's architecture is %s. AWS would accept the function, and every invocation would fail with: exec format error. "+
			"Build bootstrap for %[2]s, or set the function's architectures to %[1]s.", built, architecture)
	}
	return nil
}

// checkMachine refuses a bootstrap that cannot run on this machine, whose operating
// system and processor are named as Go names them. AWS would accept it.
func checkMachine(header []byte, system, processor string) error {
	forSystem, built := builtFor(header)
	machine := architectures[processor]
	switch {
	case built != "" && built != machine:
		return badParameter("bootstrap is built for %s, and this machine has a processor of another architecture, %s. The local cloud runs functions on this machine. "+
			"For stacks in the local cloud, build bootstrap for %[2]s and set the function's architectures to it.", built, machine)
	case system == "darwin" && forSystem == "linux":
		return badParameter("bootstrap is built for Linux, and this machine runs macOS. The local cloud runs functions on this machine. " +
			"For stacks in the local cloud, build bootstrap for macOS, with GOOS=darwin.")
	}
	return nil
}

// checkCode refuses the code in dir if it cannot run here or on AWS as the code of
// the function. A bundle without a bootstrap is accepted, as on AWS.
func checkCode(dir string, c Config) error {
	bootstrap, err := os.Open(filepath.Join(dir, "bootstrap"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	defer bootstrap.Close()
	if info, err := bootstrap.Stat(); err != nil || info.IsDir() {
		return err
	}
	header, err := ReadHeader(bootstrap)
	if err != nil {
		return err
	}
	if err := CheckBootstrap(header, c.Architectures[0]); err != nil {
		return err
	}
	return checkMachine(header, runtime.GOOS, runtime.GOARCH)
}
