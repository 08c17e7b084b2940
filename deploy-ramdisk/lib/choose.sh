# Which disk is exported: the one root device hint match, or the first of the disk= list.

CLASSIC_LIST=cciss/c0d0,sda,hda,vda
DISK_SECONDS=60

# How long to wait for a disk: slow RAID controllers may need more.
disk_seconds() {
    ds_value=$(cmdline_value ironpxe_disk_seconds)
    echo "${ds_value:-$DISK_SECONDS}"
}

# disk_candidates: names in the order of the disk= list. The classic list stems from a time without
# NVMe, so the newer names follow it; a list of the operator's own is taken literally.
disk_candidates() {
    dc_list=$(cmdline_value disk)
    [ "${dc_list:-$CLASSIC_LIST}" != "$CLASSIC_LIST" ] || dc_list=$CLASSIC_LIST,nvme0n1,xvda,mmcblk0
    printf '%s\n' "$dc_list" | sed 's|/dev/||g' | tr '/,' '!\n'
}

first_candidate() {
    for fc_name in $(disk_candidates); do
        ! is_disk "$fc_name" || { echo "$fc_name"; return 0; }
    done
    return 1
}

# choose_disk: prints the disk's name; on failure the reason is in $RUN/disk.error.
choose_disk() {
    cd_hints=$(cmdline_value root_device)
    if [ -n "$cd_hints" ]; then
        choose_by_hints "$cd_hints"
    else
        poll_disks first_candidate && return 0
        disk_error "No disk of the list \"$(disk_candidates | tr '!\n' '/ ' | sed 's/ $//')\" appeared within $(disk_seconds) s; disks seen: $(describe_disks)."
    fi
}

choose_by_hints() {
    ch_unknown=$(unknown_hints "$1")
    if [ -n "$ch_unknown" ]; then
        disk_error "Root device hints not known to this ramdisk: $ch_unknown"
        return 1
    fi
    poll_disks settled_matches "$1" >"$RUN/matches"
    case $(wc -l <"$RUN/matches" | tr -d ' ') in
    1) cat "$RUN/matches" ;;
    0) disk_error "No disk matches the root device hints $(url_decode "$1"); disks seen: $(describe_disks)." ;;
    *) disk_error "The root device hints $(url_decode "$1") match more than one disk: $(describe_matches); disks seen: $(describe_disks)." ;;
    esac
}

describe_matches() {
    while read -r dm_name; do disk_node "$dm_name"; done <"$RUN/matches" | tr '\n' ' ' | sed 's/ $//'
}

# settled_matches HINTS: the matching disks, once the set of disks has stayed the same for a
# second: a second match may appear late, and must not depend on luck.
settled_matches() {
    sm_before=$(list_disks)
    [ -n "$sm_before" ] && [ -n "$(disks_matching "$1")" ] || return 1
    sleep 1
    [ "$(list_disks)" = "$sm_before" ] || return 1
    disks_matching "$1"
}

# poll_disks COMMAND…: tries it for disk_seconds, often at first; loads modules for new devices.
poll_disks() {
    pd_end=$(($(date +%s) + $(disk_seconds)))
    pd_tries=0
    until "$@"; do
        [ "$(date +%s)" -lt $pd_end ] || return 1
        pd_tries=$((pd_tries + 1))
        if [ $pd_tries -le 20 ]; then sleep 0.1; else sleep 1; fi
        [ $pd_tries -le 3 ] || coldplug
    done
}

disk_error() {
    printf '%s' "$1" >"$RUN/disk.error"
    return 1
}
