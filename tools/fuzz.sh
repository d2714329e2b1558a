#!/bin/sh
# Runs every fuzz test of the program, the local cloud and the benchmarks, each for
# the given time (default 60s), and exits with 1 if any has failed. A second
# argument is a regular expression for the names: tools/fuzz.sh 5m 'iam FuzzGlob'.
#
# The first run of a package may take minutes before it starts, because Go compiles the
# package and all that it imports again, with counters.
#
# Go writes an input that fails to the package's testdata/fuzz; go test then runs it with
# the seeds. Turn it into a test case with a name, and delete the file.
set -eu
cd "$(dirname "$0")/.."
time=${1:-60s} names=${2:-.}
export GOFLAGS=-trimpath

failed=0
files='{{range .TestGoFiles}}{{$.ImportPath}} {{$.Dir}}/{{.}}
{{end}}{{range .XTestGoFiles}}{{$.ImportPath}} {{$.Dir}}/{{.}}
{{end}}'
for module in . localcloud test; do
	list=$(cd "$module" && go list -f "$files" ./... | while read -r package file; do
		sed -n "s|^func \\(Fuzz[A-Za-z0-9]*\\)(.*|$package \\1|p" "$file"
	done | grep -E -- "$names") || continue
	while read -r package fuzz; do
		echo "== $package $fuzz"
		# One worker leaves the machine usable. By default, Go spends up to a minute
		# on shortening each new input, and runs little else.
		(cd "$module" && go test "$package" -run '^$' -fuzz "^$fuzz\$" -fuzztime "$time" -fuzzminimizetime 100x -parallel 1 </dev/null) || failed=1
	done <<END
$list
END
done
exit $failed
