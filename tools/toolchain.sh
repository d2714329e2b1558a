#!/bin/sh
# Ensures that Pulumi is available: the user's own installation if it is recent
# enough, otherwise the pinned version in bin/pulumi. That is the release from
# Pulumi's server if it can be downloaded and its checksum is right; otherwise this
# script builds the CLI and the Go language host from the Go module proxy. That
# folder exists only if needed. The Makefile and `localcloud env` put it first on
# PATH.
set -eu
cd "$(dirname "$0")/.."
export GOFLAGS=-trimpath GOWORK=off

minimum=3.200.0 # the oldest CLI known to work with the Makefile
installed=$(command -v pulumi || true)
case $installed in "$PWD"/bin/*) installed= ;; esac

if [ -n "$installed" ] && command -v pulumi-language-go >/dev/null; then
  version=$("$installed" version | sed 's/^v//')
  if [ "$(printf '%s\n' "$minimum" "$version" | sort -V | head -n 1)" = "$minimum" ]; then
    rm -rf bin/pulumi
    exit 0
  fi
  echo "pulumi $version on PATH is older than $minimum: using the pinned version"
fi

start=$(date +%s)
say() { echo "set-up: $*, after $(($(date +%s) - start)) s"; }

# A stamp records the pinned versions that a program in bin/pulumi comes from.
stamp() { cat "tools/$1/go.mod" "tools/$1/go.sum" | cksum; }
current() { [ -x "bin/pulumi/$1" ] && [ "$(cat "bin/pulumi/.$1" 2>/dev/null)" = "$(stamp "$1")" ]; }
if current pulumi && current pulumi-language-go; then exit 0; fi

# The tests replace the server.
releases=${TALLY_PULUMI_RELEASES:-https://get.pulumi.com/releases/sdk}
version=$(awk '$1 == "github.com/pulumi/pulumi/pkg/v3" { print substr($2, 2) }' tools/pulumi/go.mod)
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

fetch() { curl --fail --silent --location --proto-redir =https --connect-timeout 4 "$@"; }

sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1; }

# download installs the release, or fails. The checksums are those that Pulumi
# publishes beside its releases, unless tools/pulumi holds a copy of that file,
# which pins them.
download() {
  case $(uname -sm) in
  "Linux x86_64") platform=linux-x64 ;;
  "Linux aarch64") platform=linux-arm64 ;;
  "Darwin x86_64") platform=darwin-x64 ;;
  "Darwin arm64") platform=darwin-arm64 ;;
  *) return 1 ;;
  esac
  command -v curl >/dev/null || return 1
  archive=pulumi-v$version-$platform.tar.gz
  sums=pulumi-$version-checksums.txt
  if [ -e "tools/pulumi/$sums" ]; then
    cp "tools/pulumi/$sums" "$temporary"
  else
    fetch --max-time 5 -o "$temporary/$sums" "$releases/$sums" || return 1
  fi
  want=$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$temporary/$sums")
  [ -n "$want" ] || return 1
  say "downloading $releases/$archive"
  # Building is faster than a download that is slower than this.
  fetch --max-time 180 --speed-limit 500000 --speed-time 10 -o "$temporary/archive" "$releases/$archive" || return 1
  got=$(sha256 <"$temporary/archive")
  if [ "$got" != "$want" ]; then
    echo "set-up: error: $releases/$archive has the SHA-256 checksum $got, want $want: not using it" >&2
    return 1
  fi
  tar -xzf "$temporary/archive" -C "$temporary" pulumi/pulumi pulumi/pulumi-language-go || return 1
  "$temporary/pulumi/pulumi" version >/dev/null || return 1
  mkdir -p bin/pulumi
  for name in pulumi pulumi-language-go; do
    mv "$temporary/pulumi/$name" "bin/pulumi/$name"
    stamp "$name" >"bin/pulumi/.$name"
  done
  say "installed Pulumi $version in bin/pulumi"
}

# progress reads the packages that go build -v prints, and says every 15 seconds
# how much of total is compiled and how long the rest takes at this rate. It
# passes other lines on.
progress() { # progress TOTAL
  total=$1 n=0 begin=$(date +%s)
  last=$begin
  while IFS= read -r line; do
    case $line in
    "" | *[!a-zA-Z0-9./_~-]*)
      printf '%s\n' "$line"
      continue
      ;;
    esac
    n=$((n + 1)) now=$(date +%s)
    if [ $((now - last)) -ge 15 ] && [ "$n" -lt "$total" ]; then
      last=$now
      echo "set-up: $n of $total packages compiled in $((now - begin)) s, about $(((now - begin) * (total - n) / n)) s left"
    fi
  done
}

# build NAME PACKAGE VERSION: builds NAME from the module tools/NAME into bin/pulumi
# unless it is up to date. It sets the version through the linker because the source
# contains none.
build() {
  if current "$1"; then return; fi
  name=$1 package=$2 release=$3
  shift 3
  # These compile in half the time without optimization: the commands themselves, and
  # packages that only some of them use (state and secrets in clouds, git, generated
  # SDKs, the API of Pulumi Cloud). Deployments spend their time elsewhere.
  set -- "$@" "-gcflags=github.com/pulumi/pulumi/pkg/v3/cmd/...=-N -l"
  for library in cloud.google.com/go github.com/Azure github.com/AzureAD github.com/alecthomas/chroma/v2 \
    github.com/aws/aws-sdk-go-v2/service/kms github.com/aws/aws-sdk-go-v2/service/s3 \
    github.com/envoyproxy/go-control-plane github.com/go-git/go-git/v6 \
    github.com/pb33f/libopenapi github.com/pulumi/pulumi/pkg/v3/codegen; do
    set -- "$@" "-gcflags=$library/...=-N -l"
  done
  (
    cd "tools/$name"
    set +e
    {
      go build -v "$@" -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$release" -o "../../bin/pulumi/$name" "$package" 2>&1
      echo $? >"$temporary/status"
    } | progress "$(go list -deps "$package" | wc -l)"
    exit "$(cat "$temporary/status")"
  )
  stamp "$name" >"bin/pulumi/.$name"
  say "built $name"
}

# modules downloads what the commands after this script compile, too.
modules() {
  for module in tools/pulumi localcloud . tools/pulumi-language-go; do
    (cd "$module" && go mod download) || true # the build reports errors
  done
}

if download; then exit 0; fi
host=$(awk '$1 == "github.com/pulumi/pulumi/sdk/v3" { print $2 }' tools/pulumi-language-go/go.mod)
echo "set-up: no release of Pulumi $version to download: building it, once, which takes 4 to 6 minutes on two cores"
say "step 1 of 3: downloading modules while Go's standard library compiles"
modules &
go build net/http/httputil html/template go/types database/sql encoding/xml encoding/gob archive/zip archive/tar
wait
say "step 2 of 3: building pulumi"
build pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi "v$version"
say "step 3 of 3: building pulumi-language-go; the local cloud and the stack's program, which take about 2 minutes more, are next"
build pulumi-language-go github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go "$host"
