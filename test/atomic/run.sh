#!/bin/sh
# "npm run test:atomic": builds a real Atomic-style image, converts it in every way, and boots the
# results. Apart from "npm test", for it takes ten minutes and more packages.
set -eu
cd "$(dirname "$0")/../.."
sh scripts/bootstrap.sh atomic
exec node_modules/.bin/ava --concurrency=1 --timeout=15m 'test/atomic/**'
