#!/bin/sh
# Boots Ironic's own agent as a ramdisk would: agent.sh FOLDER, with cmdline, disk and the agent's
# sources (src) in FOLDER. Runs in namespaces of its own, where /proc/cmdline is that of the ramdisk
# and nothing can switch off this host.
set -eu
folder=$1
mount --make-rprivate /
mount --bind "$folder/cmdline" /proc/cmdline
# Not every host has it.
[ ! -e /proc/sysrq-trigger ] || mount --bind /dev/null /proc/sysrq-trigger
mount -t tmpfs tmpfs /run
mkdir -p "$folder/bin"
printf '#!/bin/sh\ntouch %s/powered-off\n' "$folder" >"$folder/bin/poweroff"
cp "$folder/bin/poweroff" "$folder/bin/reboot"
chmod +x "$folder/bin/poweroff" "$folder/bin/reboot"
export PATH="$folder/bin:/usr/sbin:/usr/bin:/sbin:/bin" PYTHONPATH="$folder/plugins:$folder/src"
exec /usr/bin/python3 -c 'from ironic_python_agent.cmd import agent; agent.run()' \
  --listen_host=127.0.0.1 --listen_port="$BENCH_LISTEN_PORT" \
  --advertise_host=127.0.0.1 --advertise_port="$BENCH_LISTEN_PORT" \
  --lookup_interval=1 --config-file="$folder/agent.conf" >"$folder/agent.log" 2>&1
