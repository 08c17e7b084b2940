# Making parts of a disk zero, in the cheapest way that surely leaves zeros.

MIB=1048576
ZERO_STEP=$((1024 * MIB))

# Hole punching is refused by the kernel unless the disk promises zeros; zeroing a range is done by
# the disk or else by the kernel; writing always works. A way that failed once is not tried again.
ZERO_WAYS='unmap zero_range written'

# try_zero WAY NODE OFFSET LENGTH
try_zero() {
    case $1 in
    unmap) /usr/bin/fallocate -p -o "$3" -l "$4" "$2" 2>/dev/null ;;
    zero_range) /usr/bin/fallocate -z -n -o "$3" -l "$4" "$2" 2>/dev/null ;;
    written) write_zeros "$2" "$3" "$4" ;;
    esac
}

write_zeros() {
    wz_error=$(dd if=/dev/zero of="$1" bs=1M iflag=fullblock,count_bytes oflag=direct,seek_bytes \
        seek="$2" count="$3" conv=notrunc 2>&1) || fail "$3 bytes at $2 of $1 cannot be written: $(echo "$wz_error" | head -n 1)"
}

# zero_range NODE OFFSET LENGTH: sets $zero_way to the dearest way that was needed.
zero_range() {
    zr_at=$2
    zr_end=$(($2 + $3))
    while [ "$zr_at" -lt "$zr_end" ]; do
        zr_length=$((zr_end - zr_at < ZERO_STEP ? zr_end - zr_at : ZERO_STEP))
        zero_way=${ZERO_WAYS%% *}
        if try_zero "$zero_way" "$1" "$zr_at" "$zr_length"; then
            zr_at=$((zr_at + zr_length))
        else
            ZERO_WAYS=${ZERO_WAYS#* }
        fi
    done
}

# As far from the start and from the end of a partition as signatures stand: 8 MiB (LUKS2, VMFS,
# ZFS) and 2 MiB (backup GPT, md 0.90 and 1.0, RAID adapters); copies of btrfs at 64 MiB and 256 GiB.
# signature_ranges START LENGTH: "OFFSET LENGTH" lines within that place.
signature_ranges() {
    sr_end=$(($1 + $2))
    for sr_place in "$1 $((8 * MIB))" "$(($1 + 64 * MIB)) 65536" "$(($1 + 262144 * MIB)) 65536" "$((sr_end - 2 * MIB)) $((2 * MIB))"; do
        sr_from=${sr_place% *}
        sr_to=$((sr_from + ${sr_place#* }))
        [ "$sr_from" -ge "$1" ] || sr_from=$1
        [ "$sr_to" -le $sr_end ] || sr_to=$sr_end
        [ "$sr_from" -ge "$sr_to" ] || echo "$sr_from $((sr_to - sr_from))"
    done
}

# places_of DISK: "DEVICE START LENGTH" of its partitions as the kernel sees them, then of itself, so
# that an interrupted wipe finds the partitions again.
places_of() {
    for po_path in "${SYSROOT:-}/sys/block/$1"/*/partition; do
        [ -e "$po_path" ] || continue
        po_folder=${po_path%/partition}
        echo "$(disk_node "${po_folder##*/}") $(($(cat "$po_folder/start") * 512)) $(($(cat "$po_folder/size") * 512))"
    done
    echo "$(disk_node "$1") 0 $(disk_bytes "$1")"
}
