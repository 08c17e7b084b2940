# TCP port 10000: commands, and the word that everything is written.

RELEASE_PORT=10000

wait_for_release() {
    mkfifo "$RUN/release" "$RUN/flushed"
    # Both are held open in both directions: opening one side alone blocks, and is interrupted
    # whenever a child ends. Writing the result never waits for a peer that went away.
    exec 7<>"$RUN/release" 8<>"$RUN/flushed"
    nc -ll -p $RELEASE_PORT -e "$LIB/connection-handler" </dev/null >/dev/null 2>&1 &
    wait_until_listening
    stage waiting "port=$RELEASE_PORT" "Waiting for the conductor."
    # A read may be interrupted as well; nothing but one of these words releases the machine.
    leave_how=
    while [ "$leave_how" != reboot ] && [ "$leave_how" != power_off ]; do
        read -r leave_how <&7
    done
    stage released "" "The conductor is done."
    finish_disk
}

# What the console says holds when it says so: nc takes its time on a busy machine.
wait_until_listening() {
    wu_port=$(printf ':%04X ' $RELEASE_PORT)
    wu_tries=0
    until cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q "$wu_port.* 0A "; do
        wu_tries=$((wu_tries + 1))
        [ $wu_tries -lt 100 ] || return 0
        sleep 0.1
    done
}

# Nothing may be left in memory when the machine resets.
finish_disk() {
    ! tgtd_runs || stop_target
    if [ ! -s "$RUN/disk" ]; then
        sync
        echo flushed >&8
        return
    fi
    fd_node=$(disk_node "$(cat "$RUN/disk")")
    if fd_error=$(sync "$fd_node" 2>&1 && blockdev --flushbufs "$fd_node" 2>&1); then
        echo flushed >&8
        stage flushed "disk=$fd_node" ""
        return
    fi
    echo "failed $fd_error" >&8
    stop_here "The disk could not be flushed ($fd_error), so this machine does not reboot."
}

# The answer to the last command is still on its way.
leave_ramdisk() {
    if [ "$leave_how" = power_off ]; then
        stage power_off "" "Powering off."
        sleep 0.2
        poweroff -f
    fi
    stage reboot "" "Rebooting."
    sleep 0.2
    reboot -f
}
