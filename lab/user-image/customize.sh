#!/bin/sh
# Turns a bare Debian root file system into the lab's user system. $1: the root file system.
set -eu
root=$1

echo metal > "$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 metal\n' > "$root/etc/hosts"
printf 'ironpxe lab: log in as root with the password ironpxe\n\\n \\l\n\n' > "$root/etc/issue"
echo 'root:ironpxe' | chroot "$root" chpasswd
# Empty, not missing: each machine makes its own, and systemd asks no first-boot questions.
: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id"

mkdir -p "$root/etc/systemd/network"
cat > "$root/etc/systemd/network/80-dhcp.network" <<'END'
[Match]
Name=en* eth*

[Network]
DHCP=ipv4
LinkLocalAddressing=no
IPv6AcceptRA=no

[DHCPv4]
# As the firmware did, so that one machine has one lease.
ClientIdentifier=mac
END
chroot "$root" systemctl --quiet enable systemd-networkd.service

# Units that cost seconds under emulation and do nothing for a machine of the lab.
chroot "$root" systemctl --quiet mask \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
  e2scrub_reap.service systemd-firstboot.service systemd-networkd-wait-online.service \
  systemd-pstore.service systemd-binfmt.service systemd-hwdb-update.service \
  systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-journal-flush.service \
  getty@tty1.service getty-static.service modprobe@drm.service modprobe@fuse.service \
  modprobe@efi_pstore.service modprobe@configfs.service modprobe@dm_mod.service \
  modprobe@loop.service systemd-repart.service systemd-network-generator.service \
  systemd-sysusers.service systemd-modules-load.service systemd-tmpfiles-clean.timer \
  dev-hugepages.mount dev-mqueue.mount systemd-random-seed.service proc-sys-fs-binfmt_misc.automount sys-kernel-tracing.mount \
  sys-kernel-debug.mount sys-kernel-config.mount sys-fs-fuse-connections.mount

# Drivers that udev would load although nothing here uses them.
printf 'blacklist %s\n' kvm kvm_intel kvm_amd ata_piix ata_generic libata pcspkr i2c_piix4 serio_raw \
  evdev button psmouse intel_rapl_msr powernow_k8 > "$root/etc/modprobe.d/ironpxe-lab.conf"

# The kernel and initramfs come over the network.
rm -rf "$root"/boot/* "$root"/vmlinuz* "$root"/initrd.img* "$root"/var/lib/apt/lists/* \
  "$root"/var/cache/apt/* "$root"/var/cache/debconf/*-old "$root"/var/log/*.log "$root"/var/log/apt
