#!/bin/busybox sh
# The guest's first process: the host's own root, read-only below a file system in memory, on a
# distribution kernel. Every connection to TCP port 7000 is a shell in there.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in virtio_pci virtio_net 9pnet_virtio 9p overlay crc32c_generic sd_mod iscsi_tcp; do
  modprobe "$module"
done
for word in $(cat /proc/cmdline); do
  case $word in scratch=*) scratch=${word#scratch=} ;; esac
done

plan9='trans=virtio,version=9p2000.L,msize=262144'
mkdir -p /lower /over
mount -t 9p -o "$plan9,ro,cache=loose" host /lower
mount -t tmpfs over /over
mkdir /over/up /over/work
mount -t overlay -o lowerdir=/lower,upperdir=/over/up,workdir=/over/work root /root
mount -t tmpfs tmp /root/tmp
mount -t tmpfs run /root/run
mkdir -p "/root$scratch"
mount -t 9p -o "$plan9,cache=none" scratch "/root$scratch"
for name in proc sys dev; do mount -o move "/$name" "/root/$name"; done
mkdir -p /root/run/lock /root/lib/modules

ip link set lo up
ip link set eth0 up
ip addr add 192.0.2.2/24 dev eth0

chroot /root /lib/systemd/systemd-udevd --daemon
chroot /root udevadm trigger
chroot /root udevadm settle
rm -rf /root/etc/iscsi/nodes /root/etc/iscsi/ifaces /root/var/lib/iscsi/nodes
chroot /root /usr/sbin/iscsid
echo 'guest: ready' > /root/dev/ttyS0
exec chroot /root /bin/busybox nc -ll -p 7000 -e /bin/sh
