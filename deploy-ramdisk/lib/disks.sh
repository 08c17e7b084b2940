# The disks of this machine and what is known of them, from sysfs only. A disk is named as in
# /sys/block, where the "/" of cciss/c0d0 is a "!".

disk_file() {
    cat "${SYSROOT:-}/sys/block/$1/$2" 2>/dev/null | tr -d '\0' | sed 's/^ *//; s/ *$//'
}

# The device node: /dev/sda, /dev/cciss/c0d0.
disk_node() {
    printf '/dev/%s\n' "$1" | tr '!' /
}

disk_bytes() {
    db_sectors=$(disk_file "$1" size)
    echo $((${db_sectors:-0} * 512))
}

# disk_refusal NAME: why this block device is never exported; nothing for a disk.
disk_refusal() {
    case $1 in
    ram* | loop* | zram* | fd* | sr* | dm-* | md* | nbd* | mtdblock*) echo "not a disk"; return ;;
    mmcblk*boot* | mmcblk*rpmb) echo "boot area"; return ;;
    esac
    [ "$(disk_file "$1" hidden)" != 1 ] || { echo "path of a multipath disk"; return; }
    [ "$(disk_file "$1" device/type)" != 5 ] || { echo "CD drive"; return; }
    [ "$(disk_file "$1" removable)" != 1 ] || { echo "removable"; return; }
    [ "$(disk_file "$1" ro)" != 1 ] || { echo "read-only"; return; }
    [ "$(disk_file "$1" size)" -gt 0 ] 2>/dev/null || echo "no medium"
}

is_disk() {
    [ -d "${SYSROOT:-}/sys/block/$1" ] && [ -z "$(disk_refusal "$1")" ]
}

# All disks that may be exported, by name.
list_disks() {
    for ld_path in "${SYSROOT:-}"/sys/block/*; do
        ld_name=${ld_path##*/}
        ! is_disk "$ld_name" || echo "$ld_name"
    done
}

# The SCSI inquiry cuts an ATA disk's model to 16 letters; the whole name is in its IDENTIFY data,
# words 27 to 46 with the bytes of each word swapped (ACS-4, 7.13.6.12), which VPD page 0x89 carries
# from byte 60 on (SAT-4, 12.4.2).
disk_model() {
    dm_model=$(dd if="${SYSROOT:-}/sys/block/$1/device/vpd_pg89" bs=2 skip=57 count=20 conv=swab 2>/dev/null |
        tr -dc ' -~' | sed 's/^ *//; s/ *$//')
    [ -n "$dm_model" ] || dm_model=$(disk_file "$1" device/model)
    printf '%s\n' "$dm_model"
}

disk_vendor() {
    dv_vendor=$(disk_file "$1" device/vendor)
    # virtio and NVMe give the PCI id there, which is no vendor name.
    case $dv_vendor in 0x*) ;; *) printf '%s\n' "$dv_vendor" ;; esac
}

# Serial: virtio has it on the disk, NVMe on the controller, SCSI and SATA in VPD page 0x80 whose
# text starts after a header of four bytes (SPC-4, 7.8.13).
disk_serial() {
    ds_serial=$(disk_file "$1" serial)
    [ -n "$ds_serial" ] || ds_serial=$(disk_file "$1" device/serial)
    [ -n "$ds_serial" ] || ds_serial=$(vpd_text "$1" 80)
    printf '%s\n' "$ds_serial"
}

vpd_text() {
    dd if="${SYSROOT:-}/sys/block/$1/device/vpd_pg$2" bs=4 skip=1 2>/dev/null |
        tr -dc ' -~' | sed 's/^ *//; s/ *$//'
}

# World wide name as the kernel knows it: naa.…, eui.… or nvme.…; a t10. identifier is only
# vendor, model and serial, which udev does not call a WWN either.
disk_wwid() {
    dw_wwid=$(disk_file "$1" wwid)
    [ -n "$dw_wwid" ] || dw_wwid=$(disk_file "$1" device/wwid)
    case $dw_wwid in t10.*) ;; *) printf '%s\n' "$dw_wwid" ;; esac
}

disk_wwn_with_extension() {
    bare_wwn "$(disk_wwid "$1")"
}

# As udev splits an NAA 6 name of 32 digits: the first half is the WWN, the second the vendor's
# extension. Other names are not split.
disk_wwn() {
    case $(disk_wwid "$1") in
    naa.6*) disk_wwn_with_extension "$1" | cut -c 1-16 ;;
    *) disk_wwn_with_extension "$1" ;;
    esac
}

disk_wwn_vendor_extension() {
    case $(disk_wwid "$1") in naa.6*) disk_wwn_with_extension "$1" | cut -c 17-32 ;; esac
}

bare_wwn() {
    printf '%s\n' "$1" | tr 'A-Z' 'a-z' | sed 's/^naa\.//; s/^eui\.//; s/^0x//'
}

disk_rotational() {
    case $(disk_file "$1" queue/rotational) in 0) echo false ;; 1) echo true ;; esac
}

# Host:channel:target:LUN of a SCSI disk; nothing for others.
disk_hctl() {
    readlink -f "${SYSROOT:-}/sys/block/$1/device" | sed -n 's|.*/\([0-9]*:[0-9]*:[0-9]*:[0-9]*\)$|\1|p'
}

# One line for people: what is there to choose from, and why a device is left out.
describe_disks() {
    dd_text=
    for dd_path in "${SYSROOT:-}"/sys/block/*; do
        dd_name=${dd_path##*/}
        dd_why=$(disk_refusal "$dd_name")
        [ "$dd_why" != "not a disk" ] && [ -e "$dd_path" ] || continue
        dd_text="$dd_text${dd_text:+; }$(describe_disk "$dd_name")${dd_why:+ ($dd_why)}"
    done
    printf '%s\n' "${dd_text:-none}"
}

describe_disk() {
    printf '%s' "$(disk_node "$1") $(($(disk_bytes "$1") / 1073741824)) GiB"
    for dk_key in model serial; do
        dk_value=$(disk_$dk_key "$1")
        [ -z "$dk_value" ] || printf ' %s "%s"' "$dk_key" "$dk_value"
    done
}
