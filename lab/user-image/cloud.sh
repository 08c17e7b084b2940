#!/bin/sh
# What the lab's user system has beyond the plain one when it shall learn from a config drive, and
# start from its own disk. $1: the root file system.
set -eu
root=$1

rmdir "$root/boot"
mv "$root/boot.spared" "$root/boot"

mkdir -p "$root/etc/cloud/cloud.cfg.d"
cat > "$root/etc/cloud/cloud.cfg" <<'END'
# Only what a config drive asks for: every module costs time under emulation.
users: []
disable_root: false
ssh_deletekeys: false
ssh_genkeytypes: []
datasource_list: [ConfigDrive, None]
network: {config: disabled}
cloud_init_modules: [bootcmd, write-files, set_hostname, ssh]
cloud_config_modules: [runcmd]
cloud_final_modules: [scripts-user, final-message]
system_info: {distro: debian, paths: {cloud_dir: /var/lib/cloud, run_dir: /run/cloud-init}}
END

# Nothing here waits for a network, which these units would.
chroot "$root" systemctl --quiet mask cloud-init-hotplugd.socket ssh.service sshd-keygen.service \
  networking.service

cat > "$root/etc/default/grub" <<'END'
GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX="console=ttyS0,115200 nofb nomodeset"
GRUB_DISABLE_OS_PROBER=true
GRUB_TERMINAL=console
END
