#!/bin/sh
# nginx is a target that nobody here wrote. Where it is missing and may be
# installed it is; elsewhere the tests that need it skip and say so.
command -v nginx >/dev/null && exit 0
[ -x /usr/sbin/nginx ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing nginx for the tests …"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends nginx-light; } >/dev/null 2>&1 \
    || echo "nginx could not be installed: the tests against it will skip" >&2
else
  echo "nginx is not installed: the tests against it will skip" >&2
fi
exit 0
