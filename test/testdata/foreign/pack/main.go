// Command pack compiles the greeter and packs it into build/greeter.zip.
package main

import (
	"archive/zip"
	"errors"
	"log"
	"os"
	"os/exec"
)

func main() {
	build := exec.Command("go", "build", "-trimpath", "-tags=lambda.norpc", "-o=build/bootstrap", "./greeter")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := errors.Join(build.Run(), pack("build/bootstrap", "build/greeter.zip")); err != nil {
		log.Fatal(err)
	}
}

// pack puts one executable into a zip.
func pack(from, to string) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	z := zip.NewWriter(f)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	w, err := z.CreateHeader(header)
	if err == nil {
		_, err = w.Write(raw)
	}
	return errors.Join(err, z.Close(), f.Close())
}
