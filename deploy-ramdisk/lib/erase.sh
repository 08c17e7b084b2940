# Erasing a whole disk. What a disk does by itself is only believed where its standard says so.

ERASE_STEP=$((256 * 1048576))

# erase_disk WAY: prints "= WAY DONE TOTAL" as it goes on.
erase_disk() {
    ed_total=$(disk_bytes "$disk")
    case $1 in
    auto) erase_disk "$(best_erase)" ;;
    nvme_format) nvme_format 1 ;;
    nvme_format_crypto) nvme_format 2 ;;
    nvme_sanitize) nvme_sanitize 2 ;;
    nvme_sanitize_crypto) nvme_sanitize 4 ;;
    ata_secure) ata_secure ;;
    secure_discard) discard_all -s ;;
    discard) discard_all ;;
    overwrite) overwrite_all ;;
    *) refuse "The ramdisk knows no way \"$1\" to erase." ;;
    esac
}

best_erase() {
    if nvme_can 2; then echo nvme_format_crypto
    elif nvme_can 1; then echo nvme_format
    elif ata_can; then echo ata_secure
    else echo overwrite; fi
}

told() {
    echo "= $1 $2 $ed_total"
}

# by_itself WAY COMMAND…: the disk tells nothing until it is done.
by_itself() {
    bi_way=$1
    shift
    told "$bi_way" 0
    "$@" >"$WORK/erase.log" 2>&1 || fail "$bi_way of $node failed: $(tail -n 1 "$WORK/erase.log")"
    told "$bi_way" "$ed_total"
}

overwrite_all() {
    oa_at=0
    told overwrite 0
    while [ $oa_at -lt "$ed_total" ]; do
        oa_length=$((ed_total - oa_at < ERASE_STEP ? ed_total - oa_at : ERASE_STEP))
        write_zeros "$node" $oa_at $oa_length
        oa_at=$((oa_at + oa_length))
        told overwrite $oa_at
    done
    flush_disk
}

# discard_all [-s]: the disk may keep what it was told to discard, so a sample is looked at.
discard_all() {
    da_way=${1:+secure_}discard
    can_discard "$disk" || refuse "$node cannot discard."
    [ -z "$1" ] || [ "$(disk_file "$disk" queue/secure_discard_max_bytes)" != 0 ] || refuse "$node has no secure discard."
    told $da_way 0
    blkdiscard $1 -o 0 -l "$ed_total" "$node" 2>"$WORK/discard.error" ||
        refuse "$node refuses to discard: $(tail -n 1 "$WORK/discard.error")"
    for da_at in 0 $((ed_total / 2 / MIB * MIB)) $((ed_total / MIB * MIB - MIB)); do
        reads_zero $da_at || fail "$node still holds data at byte $da_at after it discarded all; use overwrite."
    done
    told $da_way "$ed_total"
}

reads_zero() {
    [ "$(dd if="$node" bs=1M iflag=direct,skip_bytes skip="$1" count=1 2>/dev/null | tr -d '\0' | wc -c)" -eq 0 ]
}

# The controller of an NVMe disk: nvme0 for nvme0n1.
nvme_controller() {
    printf '/dev/%s\n' "${disk%n*}"
}

# nvme_can MODE: 1 erases user data, which every format does; 2 forgets the key, where bit 2 of FNA
# says so (NVM Express 1.4, figure 247).
nvme_can() {
    case $disk in nvme*) ;; *) return 1 ;; esac
    command -v nvme >/dev/null || return 1
    nc_fna=$(nvme id-ctrl "$(nvme_controller)" 2>/dev/null | sed -n 's/^fna *: *//p')
    [ -n "$nc_fna" ] && { [ "$1" = 1 ] || [ $((nc_fna & 4)) -ne 0 ]; }
}

nvme_format() {
    if [ "$1" = 2 ]; then nf_way=nvme_format_crypto; else nf_way=nvme_format; fi
    nvme_can "$1" || refuse "$node cannot do $nf_way, or the ramdisk has no nvme program."
    by_itself $nf_way nvme format "$node" --ses="$1" --force
}

# nvme_sanitizes ACTION: 2 erases all blocks, 4 forgets the keys; bits 1 and 0 of SANICAP (NVM Express
# 1.4, figure 247).
nvme_sanitizes() {
    case $disk in nvme*) ;; *) return 1 ;; esac
    command -v nvme >/dev/null || return 1
    ns_caps=$(nvme id-ctrl "$(nvme_controller)" 2>/dev/null | sed -n 's/^sanicap *: *//p')
    [ -n "$ns_caps" ] && [ $((ns_caps & ($1 == 2 ? 2 : 1))) -ne 0 ]
}

# Every namespace of the controller is erased, and nothing but a finished sanitize lets it go on: so
# only by wish. The log tells how far it is, in 65536ths, and how it ended.
nvme_sanitize() {
    if [ "$1" = 4 ]; then sz_way=nvme_sanitize_crypto; else sz_way=nvme_sanitize; fi
    nvme_sanitizes "$1" || refuse "$node cannot do $sz_way, or the ramdisk has no nvme program."
    told $sz_way 0
    nvme sanitize "$(nvme_controller)" --sanact="$1" >"$WORK/erase.log" 2>&1 ||
        fail "$sz_way of $node failed: $(tail -n 1 "$WORK/erase.log")"
    while :; do
        nvme sanitize-log "$(nvme_controller)" >"$WORK/sanitize" 2>&1 ||
            fail "$sz_way of $node: its log cannot be read: $(tail -n 1 "$WORK/sanitize")"
        case $(($(sanitize_value SSTAT) & 7)) in
        1 | 4) break ;;
        2) told $sz_way $((ed_total / 65536 * $(sanitize_value SPROG))) ;;
        *) fail "$sz_way of $node failed: status $(sanitize_value SSTAT)." ;;
        esac
        sleep 1
    done
    told $sz_way "$ed_total"
}

sanitize_value() {
    sed -n "s/.*($1) *: *\(0x[0-9a-fA-F]*\|[0-9]*\).*/\1/p" "$WORK/sanitize" | grep . || echo 0
}

# The security feature set is there, not locked, not frozen by the firmware, and without a password.
ata_can() {
    case $disk in sd*) ;; *) return 1 ;; esac
    command -v hdparm >/dev/null || return 1
    hdparm -I "$node" >"$WORK/identify" 2>/dev/null || return 1
    grep -q '^	*supported$' "$WORK/identify" && grep -q 'not	*frozen' "$WORK/identify" &&
        grep -q 'not	*locked' "$WORK/identify" && grep -q 'not	*enabled' "$WORK/identify"
}

ata_secure() {
    ata_can || refuse "$node has no ATA security, or the firmware froze it, or the ramdisk has no hdparm."
    # The password is in force from here until the erase ends; an interrupted erase is repeated with it.
    hdparm --user-master u --security-set-pass ironpxe "$node" >/dev/null 2>&1 || fail "$node takes no ATA password."
    by_itself ata_secure hdparm --user-master u --security-erase ironpxe "$node"
}
