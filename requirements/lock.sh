#!/bin/sh
# Writes what `make` installs, pinned and with hashes, for Python 3.11 and later on every system.
# Needs uv: `pip install uv`. Addresses of package indexes are nobody's business but this machine's.
set -eu
cd "$(dirname "$0")/.."
lock() {
  out=$1
  shift
  "${UV:-uv}" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
    --no-emit-index-url --no-emit-find-links --output-file "requirements/$out" "$@"
}
lock tests.txt pyproject.toml requirements/build.in --extra speed --group test
# Without what has its hashes only: the same versions, for the program alone.
sed -n 's/^\([a-z0-9].*==[^ ;]*\)\( ;.*\)\{0,1\} \\$/\1\2/p' requirements/tests.txt >requirements/.pins
lock run.txt pyproject.toml requirements/build.in --extra speed --constraint requirements/.pins
# Beside the tests, in the same environment.
lock bench.txt --group bench --constraint requirements/.pins
rm requirements/.pins
lock browser.txt --group browser --no-deps
lock fuzz.txt --group fuzz --no-deps
# What installs all of this, and what asks for known holes in it from an environment of its own.
lock pip.txt requirements/pip.in
lock audit.txt requirements/audit.in
