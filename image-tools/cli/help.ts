export const HELP = `atomic-to-pxe: a cloud image becomes what a netboot needs

  atomic-to-pxe IMAGE --output FOLDER [--name NAME] [options]
  atomic-to-pxe IMAGE --inspect

From a qcow2 or raw disk image (Fedora Atomic, IoT or CoreOS style with ostree; ordinary Fedora,
Debian or Ubuntu cloud images) it writes:

  NAME-kernel    the kernel that the image's own boot loader would start
  NAME-ramdisk   its ramdisk
  NAME-base      the root: the partition with the root file system, or for a root on LVM the whole
                 physical volume. A deploy writes it to a partition of the node.
  NAME.json      sizes, checksums, boot options, extents: all that registering the image needs

The image is only ever read. In the copy of the root, the lines of /boot and /boot/efi leave every
/etc/fstab (that partition does not come along), and on ostree hosts the boot loader's entries move
into the root's own /boot, so that "ostree admin status" works on the deployed host. The outputs
appear together at the end or not at all. Run again with the same input, it does nothing.

What to convert
  --deployment N     take boot entry N of the menu; 0, the default, is what the machine boots
  --root NAME        when there are several roots: "atomicos/root" or "partition 3"
  --edit CHANGE      change the root further; may be given many times. CHANGE is one of
                     write:PATH:TEXT  append:PATH:TEXT  upload:PATH:LOCALFILE  mkdir:PATH
                     delete:PATH  symlink:PATH:TARGET  chmod:PATH:OCTAL
                     PATH is as the running system sees it, such as /etc/motd

What to write
  --output FOLDER    where to; made when missing
  --name NAME        "fedora-atomic" gives fedora-atomic-kernel and so on; by default the name of
                     the image without its ending
  --format raw|qcow2 of NAME-base; raw, the default, is a sparse file
  --compress         with --format qcow2: compressed clusters
  --shrink           make the root as small as its data allows
  --checksums LEVEL  of NAME-base. data: SHA-256 of each run of data, the default for raw; sha256: of
                     the whole file too, the default for qcow2 and with --glance; md5: that as well,
                     for an old Glance. Hashing the holes of a mostly empty raw file takes seconds;
                     a later run with a higher level only adds what is missing
  --force            replace outputs of the same name

In Glance
  --glance           register kernel, ramdisk and root, linked, with the boot options as properties;
                     the cloud is told by the usual OS_* variables or clouds.yaml. What is there
                     already is not sent again
  --glance-style ami|raw
                     formats: aki, ari and ami (the default), or raw and bare

How
  --no-appliance     do without the libguestfs appliance (ten seconds or more under emulation): read
                     and change the file systems in user space, only where that is provably safe,
                     and say what is not
  --cache FOLDER     where the appliance is kept between runs

How to talk
  --inspect          only say what the image holds
  --json             one JSON document on standard output, no progress
  --quiet            no progress
  --help             this text

Exit status: 0 done or nothing to do, 2 wrong usage, 3 the image, 4 this host, 5 the output folder,
6 OpenStack, 130 interrupted. More: docs/image-tools.md

Examples
  atomic-to-pxe Fedora-Cloud-Atomic.qcow2 --output out --name fedora-atomic
  atomic-to-pxe Fedora-Cloud-Atomic.qcow2 --output out --edit 'write:/etc/motd:Netbooted'
  atomic-to-pxe debian-12-genericcloud-amd64.qcow2 --output out --format qcow2 --no-appliance`;
