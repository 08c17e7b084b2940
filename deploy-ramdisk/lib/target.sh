# The iSCSI target: tgtd with one target, whose LUN 1 is the whole disk.

TARGET_PORT=3260
TARGET_ID=1
TARGET_LUN=1

# Larger than tgt's defaults (64 KiB first burst, 256 KiB burst, one R2T at a time): fewer round
# trips per write.
TARGET_PARAMETERS='
MaxRecvDataSegmentLength=1048576
MaxXmitDataSegmentLength=1048576
MaxBurstLength=1048576
FirstBurstLength=1048576
MaxOutstandingR2T=8
InitialR2T=No
ImmediateData=Yes
'

target_admin() {
    ta_error=$(tgtadm --lld iscsi "$@" 2>&1) || fail "tgtadm $* failed: $(echo "$ta_error" | tail -n 1)"
}

# A dead one that init has not collected yet holds nothing.
tgtd_runs() {
    for tr_pid in $(pidof tgtd); do
        grep -q '^State:[[:space:]]*Z' "/proc/$tr_pid/status" 2>/dev/null || return 0
    done
    return 1
}

start_tgtd() {
    mkdir -p /var/run/tgtd
    tgtd --iscsi portal=0.0.0.0:$TARGET_PORT </dev/null >"$RUN/tgtd.log" 2>&1 || fail "tgtd does not start: $(tail -n 1 "$RUN/tgtd.log")"
    st_tries=0
    until tgtadm --op show --mode sys >/dev/null 2>&1; do
        st_tries=$((st_tries + 1))
        [ $st_tries -lt 100 ] || fail "tgtd does not answer within 10 s."
        sleep 0.1
    done
}

# Hole punching on a disk that only claims to know it fails the whole write (seen with SATA and IDE
# disks), so thin provisioning is offered only where the kernel says it works.
can_write_zeroes() {
    [ "$(disk_file "$1" queue/write_zeroes_max_bytes)" -gt 0 ] 2>/dev/null
}

set_parameters() {
    for sp_pair in $TARGET_PARAMETERS; do
        target_admin --op update --mode target --tid $TARGET_ID --name "${sp_pair%%=*}" --value "${sp_pair#*=}"
    done
}

# make_target NAME IQN: the target with its disk; nobody may log in yet. Starting tgtadm takes longer
# than what it does, so the parameters are set meanwhile, and open_target waits for them.
make_target() {
    start_tgtd
    target_admin --op new --mode target --tid $TARGET_ID -T "$2"
    set_parameters &
    parameters_pid=$!
    # The rdwr store: the aio store answers SYNCHRONIZE CACHE without doing it.
    target_admin --op new --mode logicalunit --tid $TARGET_ID --lun $TARGET_LUN --bstype rdwr \
        -b "$(disk_node "$1")" --blocksize "$(disk_file "$1" queue/logical_block_size)"
    ! can_write_zeroes "$1" || target_admin --op update --mode logicalunit --tid $TARGET_ID \
        --lun $TARGET_LUN --params thin_provisioning=1
}

# open_target -I ADDRESS | -Q INITIATOR: only when all is set, so that nobody finds half a target.
open_target() {
    wait "$parameters_pid" || exit 1
    target_admin --op bind --mode target --tid $TARGET_ID "$@"
}

# export_disk NAME IQN: for whoever comes, as the classic conductor expects it.
export_disk() {
    make_target "$1" "$2"
    open_target -I ALL
}

# export_to_one NAME IQN INITIATOR: for one initiator's name under mutual CHAP. The same export
# again leaves the sessions alone.
export_to_one() {
    [ "$(cat "$RUN/exported" 2>/dev/null)" != "$*" ] || ! tgtd_runs || return 0
    ! tgtd_runs || stop_target
    make_target "$1" "$2"
    bind_account conductor "$(session_secret 'chap conductor')"
    bind_account ramdisk "$(session_secret 'chap ramdisk')" --outgoing
    open_target -Q "$3"
    printf '%s' "$*" >"$RUN/exported"
}

# bind_account USER PASSWORD [--outgoing]
bind_account() {
    target_admin --op new --mode account --user "$1" --password "$2"
    target_admin --op bind --mode account --tid $TARGET_ID --user "$1" ${3:+"$3"}
}

# Closes the disk: when tgtd is gone, no initiator can write any more. Failures are shown, not
# fatal; the flush afterwards is what counts.
stop_target() {
    rm -f "$RUN/exported"
    tgtadm --lld iscsi --op unbind --mode target --tid $TARGET_ID -I ALL 2>/dev/null
    tgtadm --lld iscsi --op delete --mode target --tid $TARGET_ID --force ||
        note "The target could not be deleted."
    tgtadm --op delete --mode system 2>/dev/null
    st_tries=0
    while tgtd_runs; do
        st_tries=$((st_tries + 1))
        [ $st_tries -ne 30 ] || kill -9 $(pidof tgtd)
        [ $st_tries -lt 100 ] || { note "tgtd does not end."; return; }
        sleep 0.1
    done
}
