# The boot loader of the deployed system, installed by the grub-install that is in the image, with
# the image as its root: what an image does not bring is not made up here.

SYSTEM=$RUN/system
LOADER_SECONDS=600

# Those that can be mounted here, each on a line. The kernel loads their drivers when they are.
file_systems() {
    ! has_driver ext4 || printf '%s\n' ext4 ext3 ext2
    for fs_name in xfs btrfs vfat; do
        ! has_driver $fs_name || echo $fs_name
    done
}

has_driver() {
    grep -q "[[:space:]]$1\$" /proc/filesystems ||
        grep -q "/$1\.ko" "/lib/modules/$(uname -r)/modules.dep" 2>/dev/null
}

mount_root() {
    for mr_type in $(file_systems); do
        ! mount -t "$mr_type" "$1" "$SYSTEM" 2>/dev/null || return 0
    done
    return 1
}

# partition_node DISK NUMBER: /dev/sda1, /dev/nvme0n1p1
partition_node() {
    pn_disk=$(disk_node "$1")
    case $pn_disk in *[0-9]) echo "${pn_disk}p$2" ;; *) echo "$pn_disk$2" ;; esac
}

# The kernel knows the partitions only after it was told to look again.
show_partitions() {
    sync "$node" && blockdev --flushbufs "$node" && blockdev --rereadpt "$node" ||
        fail "The kernel cannot read the new partition table of $node."
}

await_node() {
    an_tries=0
    until [ -b "$1" ]; do
        an_tries=$((an_tries + 1))
        [ $an_tries -lt 100 ] || fail "The partition $1 does not appear within 10 s."
        sleep 0.1
    done
}

# enter_system ROOT UUID [ESP]: mounts the system with what its programs need to see.
enter_system() {
    mkdir -p "$SYSTEM"
    mount_root "$1" || fail "The root partition $1 cannot be mounted."
    for es_name in dev proc sys run; do mkdir -p "$SYSTEM/$es_name"; done
    mount -o bind /dev "$SYSTEM/dev"
    mount -o bind /proc "$SYSTEM/proc"
    mount -o bind /sys "$SYSTEM/sys"
    mount -t tmpfs tmpfs "$SYSTEM/run"
    name_by_uuid "$1" "$2"
    [ -z "$3" ] || enter_esp "$3"
}

# grub-mkconfig names the root by its UUID only if udev's link is there; there is no udev here.
name_by_uuid() {
    mkdir -p "$SYSTEM/dev/disk"
    mount -t tmpfs tmpfs "$SYSTEM/dev/disk"
    mkdir -p "$SYSTEM/dev/disk/by-uuid"
    ln -s "$1" "$SYSTEM/dev/disk/by-uuid/$2"
}

# What the image has below /boot/efi belongs on the ESP, which would hide it.
enter_esp() {
    mkdir -p "$RUN/esp" "$SYSTEM/boot/efi"
    mount -t vfat "$1" "$RUN/esp" || fail "The EFI system partition $1 cannot be mounted."
    cp -r "$SYSTEM/boot/efi/." "$RUN/esp/" || fail "The loaders of the image do not fit on $1."
    mount -o bind "$RUN/esp" "$SYSTEM/boot/efi"
}

# Innermost first; also what an earlier try left.
leave_system() {
    cut -d ' ' -f 2 /proc/mounts | grep -E "^($SYSTEM|$RUN/esp)(/|$)" | sort -r | while read -r ls_place; do
        umount "$ls_place" || umount -l "$ls_place"
    done
}

# system_program NAME…: the first of them that the system has.
system_program() {
    for sp_name in "$@"; do
        for sp_folder in usr/sbin usr/bin sbin bin; do
            [ -x "$SYSTEM/$sp_folder/$sp_name" ] || continue
            echo "$sp_name"
            return 0
        done
    done
    return 1
}

# in_system PROGRAM …: says something all along, and ends in fail with the program's last words.
in_system() {
    (while sleep 5 >/dev/null 2>&1; do echo "= $1 works"; done) &
    is_ticker=$!
    timeout $LOADER_SECONDS chroot "$SYSTEM" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        LC_ALL=C "$@" </dev/null >"$WORK/log" 2>&1
    is_result=$?
    kill $is_ticker
    [ $is_result -eq 0 ] || fail "$1 in the image failed ($is_result): $(tail -n 3 "$WORK/log" | tr '\n' ' ')"
    echo "= $1 done"
}

has_loader() {
    [ -d "$SYSTEM/usr/lib/grub/$1" ]
}

install_grub() {
    ig_install=$(system_program grub2-install grub-install) ||
        refuse "The image has neither grub-install nor grub2-install, so it cannot start from the disk by itself."
    case $1 in
    bios)
        has_loader i386-pc || refuse "The image has $ig_install, but not GRUB for BIOS (/usr/lib/grub/i386-pc)."
        in_system "$ig_install" --target=i386-pc --recheck "$node"
        ;;
    uefi)
        if has_loader x86_64-efi; then
            # By the name that firmware looks for without any variable that points there.
            in_system "$ig_install" --target=x86_64-efi --efi-directory=/boot/efi --removable --no-nvram
        else
            [ -f "$RUN/esp/EFI/BOOT/BOOTX64.EFI" ] ||
                refuse "The image has neither GRUB for UEFI (/usr/lib/grub/x86_64-efi) nor /boot/efi/EFI/BOOT/BOOTX64.EFI."
        fi
        ;;
    *) refuse "expected bios or uefi, found \"$1\"" ;;
    esac
}

configure_grub() {
    cg_make=$(system_program grub2-mkconfig grub-mkconfig) ||
        refuse "The image has neither grub-mkconfig nor grub2-mkconfig."
    cg_folder=/boot/${cg_make%-mkconfig}
    mkdir -p "$SYSTEM$cg_folder"
    in_system "$cg_make" -o "$cg_folder/grub.cfg"
    grep -q '^[[:space:]]*linux' "$SYSTEM$cg_folder/grub.cfg" ||
        refuse "The image has no kernel in /boot that $cg_make finds."
}

# install_bootloader MODE ROOT-NUMBER ROOT-UUID ESP-NUMBER|-
install_bootloader() {
    ! tgtd_runs || stop_target
    leave_system
    show_partitions
    ib_root=$(partition_node "$disk" "$2")
    ib_esp=
    [ "$4" = - ] || ib_esp=$(partition_node "$disk" "$4")
    await_node "$ib_root"
    [ -z "$ib_esp" ] || await_node "$ib_esp"
    (
        enter_system "$ib_root" "$3" "$ib_esp"
        install_grub "$1"
        configure_grub
    )
    ib_result=$?
    leave_system
    flush_disk
    return $ib_result
}
