# What the switches say of themselves (IEEE 802.1AB), as lldpad hears it.

# hear_switches SECONDS: returns when every NIC with a link has heard one, or after so many seconds.
# A switch speaks when a link comes up and then, by default, every 30 s.
hear_switches() {
    case $1 in '' | 0 | *[!0-9]*) return 0 ;; esac
    command -v lldpad >/dev/null || return 0
    # Where it keeps its process id and its state; without these folders it ends at once.
    mkdir -p /var/run /dev/shm
    pidof lldpad >/dev/null || setsid lldpad -f "$RUN/lldpad.conf" </dev/null >/dev/null 2>&1 &
    hs_end=$(($(date +%s) + $1))
    until lldptool -p >/dev/null 2>&1; do
        [ "$(date +%s)" -lt $hs_end ] || return 0
        sleep 0.2
    done
    for hs_nic in $(all_nics); do
        ip link set dev "$hs_nic" up
        lldptool -L -i "$hs_nic" adminStatus=rx >/dev/null 2>&1
    done
    until all_heard || [ "$(date +%s)" -ge $hs_end ]; do sleep 1; done
}

all_heard() {
    for ah_nic in $(all_nics); do
        ! has_link "$ah_nic" || [ -n "$(lldp_heard "$ah_nic")" ] || return 1
    done
}

# lldp_heard NIC: the TLVs of the last frame, in hexadecimal. In the raw answer they come after the
# name of the NIC and eight digits.
lldp_heard() {
    command -v lldptool >/dev/null || return 0
    lldptool -r -t -n -i "$1" 2>/dev/null | sed -n "s/^rsp: R00.*$1[0-9a-fA-F]\{8\}\([0-9a-fA-F]*\)$/\1/p" | head -n 1
}
