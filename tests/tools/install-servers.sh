#!/bin/sh
# What the tests drive that nobody here wrote: nginx as a target, Chromium as a
# browser. Where one is missing and may be installed it is; elsewhere the tests
# that need it skip and say so.
wanted=
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || wanted="nginx-light"
command -v chromium >/dev/null || command -v google-chrome >/dev/null || wanted="$wanted chromium"
[ -z "$wanted" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing for the tests:$(printf ' %s' $wanted) …"
  apt-get update -qq >/dev/null 2>&1
  for package in $wanted; do
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$package" >/dev/null 2>&1 \
      || echo "$package could not be installed: the tests that need it will skip" >&2
  done
else
  echo "not installed, so the tests that need it will skip: $wanted" >&2
fi
exit 0
