# TCP port 10000: the conductor says "done" when it has written everything.

RELEASE_PORT=10000

wait_for_release() {
    mkfifo "$RUN/release" "$RUN/flushed"
    # Both are held open in both directions: opening one side alone blocks, and is interrupted
    # whenever a child ends. Writing the result never waits for a peer that went away.
    exec 7<>"$RUN/release" 8<>"$RUN/flushed"
    nc -ll -p $RELEASE_PORT -e "$LIB/release-handler" </dev/null >/dev/null 2>&1 &
    stage waiting "port=$RELEASE_PORT" "Waiting for the conductor to write the disk."
    # A read may be interrupted as well; nothing but the word itself releases the machine.
    wr_word=
    while [ "$wr_word" != done ]; do
        read -r wr_word <&7
    done
    stage released "" "The conductor is done."
    finish_disk
}

# Nothing may be left in memory when the machine resets.
finish_disk() {
    stop_target
    fd_node=$(disk_node "$(cat "$RUN/disk")")
    if fd_error=$(sync "$fd_node" 2>&1 && blockdev --flushbufs "$fd_node" 2>&1); then
        echo flushed >&8
        stage flushed "disk=$fd_node" ""
        return
    fi
    echo "failed $fd_error" >&8
    stop_here "The disk could not be flushed ($fd_error), so this machine does not reboot."
}

reboot_machine() {
    stage reboot "" "Rebooting."
    sleep 0.2
    reboot -f
}
