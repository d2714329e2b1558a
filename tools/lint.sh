#!/bin/sh
# Checks the Go code's form: gofmt, go vet here and for macOS, staticcheck, and
# that go.mod is tidy.
set -eu
cd "$(dirname "$0")/.."
export GOFLAGS=-trimpath

echo "lint: gofmt"
unformatted=$(gofmt -l $(git ls-files -co --exclude-standard '*.go'))
if [ -n "$unformatted" ]; then
  echo "not formatted; run gofmt -w on:" $unformatted >&2
  exit 1
fi
echo "lint: go mod tidy"
go mod tidy -diff
echo "lint: go vet"
go vet ./...
echo "lint: go vet for macOS"
GOOS=darwin go vet ./...
echo "lint: staticcheck"
root=$PWD
(cd tools/staticcheck && GOWORK=off go build -o "$root/bin/staticcheck" honnef.co/go/tools/cmd/staticcheck)
./bin/staticcheck ./...
echo "lint: clean"
