#!/bin/sh
# Checks the form of the code: gofmt, that go.mod is tidy, go vet here and for
# macOS, staticcheck, and actionlint for the workflows.
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
(cd tools/actionlint && GOWORK=off go build -o "$root/bin/actionlint" github.com/rhysd/actionlint/cmd/actionlint)
(cd tools/staticcheck && GOWORK=off go build -o "$root/bin/staticcheck" honnef.co/go/tools/cmd/staticcheck)
./bin/staticcheck ./...
echo "lint: actionlint"
./bin/actionlint
echo "lint: clean"
