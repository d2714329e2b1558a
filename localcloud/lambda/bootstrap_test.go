package lambda

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"encoding/binary"
	"strings"
	"testing"
)

// program returns the beginning of a program.
func program(system, processor string) []byte {
	header := make([]byte, 64)
	switch system {
	case "linux":
		copy(header, elf.ELFMAG)
		binary.LittleEndian.PutUint16(header[18:], uint16(map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "riscv64": elf.EM_RISCV}[processor]))
	case "darwin":
		binary.LittleEndian.PutUint32(header, macho.Magic64)
		binary.LittleEndian.PutUint32(header[4:], uint32(map[string]macho.Cpu{"amd64": macho.CpuAmd64, "arm64": macho.CpuArm64}[processor]))
	}
	return header
}

// TestProgram checks which programs are refused as the bootstrap of a function, by
// their architecture and on which machine.
func TestProgram(t *testing.T) {
	script := []byte("#!/bin/sh\nexec /var/task/program\n")
	for name, tc := range map[string]struct {
		header                          []byte
		architecture, system, processor string
		aws, here                       string // parts of the reasons, "" for none
	}{
		"same":                  {program("linux", "arm64"), "arm64", "linux", "arm64", "", ""},
		"another than declared": {program("linux", "amd64"), "arm64", "linux", "amd64", "built for x86_64, but the function's architecture is arm64.", ""},
		"another processor":     {program("linux", "arm64"), "arm64", "linux", "amd64", "", "build bootstrap for x86_64 and set the function's architectures to it"},
		"macOS":                 {program("darwin", "arm64"), "arm64", "darwin", "arm64", "", ""},
		"macOS, declared":       {program("darwin", "arm64"), "x86_64", "darwin", "arm64", "built for arm64, but the function's architecture is x86_64.", ""},
		"Linux on macOS":        {program("linux", "arm64"), "arm64", "darwin", "arm64", "", "GOOS=darwin"},
		"macOS on Linux":        {program("darwin", "arm64"), "arm64", "linux", "arm64", "", ""}, // fails to start, as on AWS
		"unknown processor":     {program("linux", "riscv64"), "arm64", "linux", "amd64", "", ""},
		"script":                {script, "arm64", "linux", "amd64", "", ""},
		"short":                 {[]byte(elf.ELFMAG), "arm64", "linux", "amd64", "", ""},
		"empty":                 {nil, "arm64", "linux", "amd64", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			header, err := ReadHeader(bytes.NewReader(tc.header))
			if err != nil {
				t.Fatal(err)
			}
			expectReason(t, CheckBootstrap(header, tc.architecture), tc.aws)
			expectReason(t, checkMachine(header, tc.system, tc.processor), tc.here)
		})
	}
}

func expectReason(t *testing.T, err error, part string) {
	t.Helper()
	if part == "" && err != nil || part != "" && (err == nil || !strings.Contains(err.Error(), part)) {
		t.Errorf("error %v, want %q", err, part)
	}
}
