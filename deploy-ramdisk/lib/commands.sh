# What the conductor may ask for. Each is safe to repeat from its start. Arguments are lines on
# standard input, answers are lines that begin with "= ".

COMMANDS='inventory hash zero wipe erase file_systems install_bootloader export feed fetch withdraw leave'
HASH_LIMIT=$((64 * 1048576))
FEED_PORT=10000

# read_disk: the first argument line, a name such as /dev/sda, or - for the disk of the deploy.
read_disk() {
    read -r rd_name
    if [ "$rd_name" = - ]; then
        disk=$(cat "$RUN/disk" 2>/dev/null)
        [ -n "$disk" ] || refuse 'This ramdisk was booted without a disk to deploy to.'
    else
        disk=$(printf '%s' "${rd_name#/dev/}" | tr / '!')
    fi
    is_disk "$disk" || refuse "$rd_name is not a disk of this machine; disks seen: $(describe_disks)."
    node=$(disk_node "$disk")
}

# read_ranges LIMIT: the other argument lines as "INDEX OFFSET LENGTH".
read_ranges() {
    awk -v block="$(disk_file "$disk" queue/logical_block_size)" -v size="$(disk_bytes "$disk")" -v limit="$1" '
        !/^[0-9]+ [0-9]+$/ || $1 % block || $2 % block || $2 == 0 || $2 > limit || $1 + $2 > size {
            print "The range \"" $0 "\" is none of whole blocks within the disk." >"/dev/stderr"; exit 3
        }
        { print NR - 1, $0 }' >"$WORK/ranges"
}

flush_disk() {
    fl_error=$(sync "$node" 2>&1) || fail "$node could not be flushed ($fl_error)."
}

# Reading in parallel costs a turning disk its time.
hash_workers() {
    if [ "$(disk_rotational "$disk")" = true ]; then echo 1; else nproc; fi
}

# nettle has the processor's own instructions for SHA-256, and hashes six times as fast as busybox;
# for little data it takes longer to start than to hash.
SMALL_RANGE=262144

# sha256 LENGTH: the digest of standard input. nettle prints it in four words and its name.
sha256() {
    if [ "$1" -gt $SMALL_RANGE ] && command -v nettle-hash >/dev/null; then
        nettle-hash --algorithm=sha256 | { read -r sh_1 sh_2 sh_3 sh_4 sh_name && echo "$sh_1$sh_2$sh_3$sh_4"; }
    else
        sha256sum | { read -r sh_digest sh_name && echo "$sh_digest"; }
    fi
}

# hash_range OFFSET LENGTH: reads past every cache and prints the digest.
hash_range() {
    dd if="$node" bs=1M iflag=direct,fullblock,skip_bytes,count_bytes skip="$1" count="$2" 2>/dev/null | sha256 "$2" ||
        { echo "$2 bytes at $1 of $node cannot be read" >&2; return 1; }
}

# hash_share NUMBER COUNT: every COUNTth of the ranges, until one of any share cannot be read.
hash_share() {
    awk -v number="$1" -v count="$2" 'NR % count == number' "$WORK/ranges" >"$WORK/share.$1"
    while [ ! -e "$WORK/unreadable" ] && read -r hs_index hs_offset hs_length; do
        hs_digest=$(hash_range "$hs_offset" "$hs_length") || { : >"$WORK/unreadable"; return; }
        echo "= $hs_index $hs_digest"
    done <"$WORK/share.$1"
}

# Each share is one loop of this shell: there are thousands of ranges, and in an emulated machine every
# process more for each of them shows.
command_hash() {
    read_disk
    read_ranges $HASH_LIMIT || exit 3
    flush_disk
    ch_count=$(hash_workers)
    for ch_number in $(seq 0 $((ch_count - 1))); do
        hash_share "$ch_number" "$ch_count" &
    done
    wait
    [ ! -e "$WORK/unreadable" ] || exit 1
}

command_zero() {
    read_disk
    read_ranges 9007199254740991 || exit 3
    while read -r cz_index cz_offset cz_length; do
        zero_range "$node" "$cz_offset" "$cz_length"
        echo "= $cz_index $zero_way"
    done <"$WORK/ranges"
    flush_disk
}

command_wipe() {
    read_disk
    places_of "$disk" >"$WORK/places"
    while read -r cw_device cw_start cw_length; do
        signature_ranges "$cw_start" "$cw_length" | while read -r cw_from cw_bytes; do
            zero_range "$node" "$cw_from" "$cw_bytes"
            echo "= $cw_device $cw_from $cw_bytes"
        done || exit 1
    done <"$WORK/places"
    flush_disk
    # Busy partitions are nobody's: nothing is mounted here.
    blockdev --rereadpt "$node" 2>/dev/null
    return 0
}

command_erase() {
    read_disk
    read -r ce_way
    erase_disk "$ce_way"
}

command_file_systems() {
    file_systems | sed 's/^/= /'
}

# Arguments: bios or uefi, number and UUID of the root, number of the EFI system partition or -.
command_install_bootloader() {
    read_disk
    read -r cb_mode
    read -r cb_root
    read -r cb_uuid
    read -r cb_esp
    case $cb_uuid in '' | *[!0-9A-Za-z-]*) refuse "expected the UUID of the root, found \"$cb_uuid\"" ;; esac
    case "$cb_root$cb_esp" in *[!0-9-]* | '') refuse "expected partition numbers, found \"$cb_root\" and \"$cb_esp\"" ;; esac
    install_bootloader "$cb_mode" "$cb_root" "$cb_uuid" "$cb_esp"
}

# Arguments: the target's name and the initiator's, both for this deploy only.
command_export() {
    read -r cx_iqn
    read -r cx_initiator
    disk=$(cat "$RUN/disk" 2>/dev/null)
    [ -n "$disk" ] || refuse 'This ramdisk was booted without a disk to deploy to.'
    export_to_one "$disk" "$cx_iqn" "$cx_initiator"
    echo "= $TARGET_PORT $TARGET_LUN $(disk_bytes "$disk")"
    echo "= serial $(disk_serial "$disk")"
    echo "= wwn $(disk_wwn_with_extension "$disk")"
}

# Arguments: the disk, and a word with which one machine may fetch from it once.
command_feed() {
    read_disk
    read -r cd_word
    is_hex64 "$cd_word" || refuse 'expected a word of 64 digits'
    mkdir -p "$RUN/feeds"
    echo "$node" >"$RUN/feeds/$cd_word"
}

# Arguments: the disk, the address of the machine that feeds, the word it was told, and ranges.
command_fetch() {
    read_disk
    read -r ch_address
    read -r ch_word
    case $ch_address in '' | *[!0-9.]*) refuse "expected an address, found \"$ch_address\"" ;; esac
    is_hex64 "$ch_word" || refuse 'expected a word of 64 digits'
    read_ranges $HASH_LIMIT || exit 3
    nc -w 10 "$ch_address" $FEED_PORT -e "$LIB/fetch-ranges" "$node" "$ch_word" "$WORK" 9>&1 </dev/null ||
        ch_failed=1
    flush_disk
    [ -z "$ch_failed" ] || fail "$ch_address does not feed: $(tail -n 1 "$WORK/fetch.error" 2>/dev/null || echo 'no connection')"
}

command_withdraw() {
    ! tgtd_runs || stop_target
}

# The answer comes once everything is on the disk; then init does the rest.
command_leave() {
    read -r cl_how
    case $cl_how in reboot | power_off) ;; *) refuse "expected reboot or power_off, found \"$cl_how\"" ;; esac
    echo "$cl_how" >"$RUN/release"
    read -r cl_result <"$RUN/flushed"
    [ "$cl_result" = flushed ] || fail "${cl_result#failed }"
}
