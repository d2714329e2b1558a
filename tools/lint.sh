#!/bin/sh
# Runs the linters: gofmt on all files; go mod tidy, go vet (for this platform
# and for macOS) and staticcheck in each module; actionlint on the workflows. It
# changes no source file.
set -eu
cd "$(dirname "$0")/.."
export GOFLAGS=-trimpath GOWORK=off

echo "lint: gofmt"
unformatted=$(gofmt -l $(git ls-files -co --exclude-standard '*.go'))
if [ -n "$unformatted" ]; then
  echo "lint: these files are not formatted; run gofmt -w on them:" $unformatted >&2
  exit 1
fi
root=$PWD
(cd tools/actionlint && go build -o "$root/bin/actionlint" github.com/rhysd/actionlint/cmd/actionlint)
(cd tools/staticcheck && go build -o "$root/bin/staticcheck" honnef.co/go/tools/cmd/staticcheck)
for module in . localcloud test; do (
  cd "$module"
  echo "lint: $module: go mod tidy"
  go mod tidy -diff
  echo "lint: $module: go vet"
  go vet ./...
  echo "lint: $module: go vet for macOS"
  GOOS=darwin go vet ./...
  echo "lint: $module: staticcheck"
  "$root/bin/staticcheck" ./...
); done
echo "lint: actionlint"
./bin/actionlint
echo "lint: clean"
