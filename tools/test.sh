#!/bin/sh
# Runs every test of every module. Packages that use Pulumi's AWS SDK go without
# the race detector: it would have that SDK compiled once more, and they hold no
# concurrency of ours.
set -eu
cd "$(dirname "$0")/.."
export GOFLAGS=-trimpath GOWORK=off

root=$PWD
(cd tools/gotestsum && go build -o "$root/bin/gotestsum" gotest.tools/gotestsum)

status=0
part() { # part FOLDER TITLE GO-TEST-ARGUMENTS
  echo "test: $2"
  folder=$1
  shift 2
  (cd "$folder" && "$root/bin/gotestsum" --format pkgname --format-hide-empty-pkg -- "$@") || status=1
}
part localcloud "1 of 4: the local cloud, with the race detector" -race ./...
part . "2 of 4: the functions, with the race detector" -race ./internal/... ./functions/...
part . "3 of 4: the stack with mocks" ./infra/... ./cmd/...
part test "4 of 4: end to end, with the Pulumi engine" ./...
exit $status
