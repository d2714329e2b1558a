#!/bin/sh
# Runs every test, in two parts. Packages that use Pulumi's AWS SDK go without
# the race detector: it would have that SDK compiled once more, and they hold no
# concurrency of ours.
set -eu
cd "$(dirname "$0")/.."
export GOFLAGS=-trimpath

root=$PWD
(cd tools/gotestsum && GOWORK=off go build -o "$root/bin/gotestsum" gotest.tools/gotestsum)

status=0
part() { # part TITLE GO-TEST-ARGUMENTS
  echo "test: $1"
  shift
  ./bin/gotestsum --format pkgname --format-hide-empty-pkg -- "$@" || status=1
}
part "1 of 2: the functions and the local cloud, with the race detector" \
  -race ./internal/... ./functions/... ./local/...
part "2 of 2: the stack with mocks, then end to end with the Pulumi engine" \
  ./infra/... ./test/...
exit $status
