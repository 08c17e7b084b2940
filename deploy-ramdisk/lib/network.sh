# The NIC the firmware booted from, its link, and an IPv4 address.

LINK_SECONDS=60
DHCP_SECONDS=1800

# nic_by_mac MAC: the network interface with this address.
nic_by_mac() {
    for nm_path in "${SYSROOT:-}"/sys/class/net/*; do
        [ "$(cat "$nm_path/address" 2>/dev/null)" = "$1" ] || continue
        [ -e "$nm_path/device" ] || continue
        basename "$nm_path"
        return 0
    done
    return 1
}

# Every interface with hardware behind it, by name.
all_nics() {
    for an_path in "${SYSROOT:-}"/sys/class/net/*; do
        [ -e "$an_path/device" ] && basename "$an_path"
    done
}

has_link() {
    [ "$(cat "${SYSROOT:-}/sys/class/net/$1/carrier" 2>/dev/null)" = 1 ]
}

# find_nic: BOOTIF's interface, or without BOOTIF the first one with a link.
find_nic() {
    fn_mac=$(bootif_mac "$(cmdline_value BOOTIF)")
    fn_tries=0
    while [ $fn_tries -lt $((LINK_SECONDS * 5)) ]; do
        if [ -n "$fn_mac" ]; then
            nic_by_mac "$fn_mac" && return 0
        else
            for fn_nic in $(all_nics); do
                ip link set dev "$fn_nic" up
                has_link "$fn_nic" && echo "$fn_nic" && return 0
            done
        fi
        sleep 0.2
        fn_tries=$((fn_tries + 1))
        [ $((fn_tries % 10)) -ne 0 ] || coldplug
    done
    return 1
}

# Switches with spanning tree and slow PHYs need seconds; without a link DHCP is tried all the same.
wait_for_link() {
    ip link set dev "$1" up
    wl_tries=0
    while ! has_link "$1" && [ $wl_tries -lt $((LINK_SECONDS * 10)) ]; do
        sleep 0.1
        wl_tries=$((wl_tries + 1))
    done
    has_link "$1" || note "No link on $1 after $LINK_SECONDS s; going on without it."
}

# ip=CLIENT:SERVER:GATEWAY:NETMASK, as pxelinux and iPXE write it. ip=dhcp and the like mean DHCP.
static_address() {
    printf '%s\n' "$1" | grep -qE '^[0-9.]+:[0-9.]*:[0-9.]*:[0-9.]+(:.*)?$' || return 1
    IFS=: read -r sa_client sa_server sa_gateway sa_mask sa_rest <<END
$1
END
    printf '%s %s %s\n' "$sa_client" "$sa_mask" "$sa_gateway"
}

configure_static() {
    set -- "$1" $(static_address "$2")
    ip addr add "$2/$(mask_bits "$3")" dev "$1"
    [ -z "$4" ] || ip route add default via "$4" dev "$1"
}

# mask_bits 255.255.255.0: 24
mask_bits() {
    ipcalc -p 0.0.0.0 "$1" | sed 's/^PREFIX=//'
}

# udhcpc stays in the background and renews: a write may outlast the lease.
ask_dhcp() {
    ad_end=$(($(date +%s) + DHCP_SECONDS))
    while [ "$(date +%s)" -lt $ad_end ]; do
        udhcpc -i "$1" -n -t 4 -T 2 -O mtu -O staticroutes -V ironpxe-ramdisk \
            -p "$RUN/udhcpc.pid" -s "$LIB/udhcpc-event" >>"$RUN/udhcpc.log" 2>&1 && return 0
        note "No DHCP answer on $1 yet; asking for $DHCP_SECONDS s."
    done
    return 1
}

# nic_address NIC: its IPv4 address.
nic_address() {
    ip -4 -o addr show dev "$1" scope global | sed -n 's|.* inet \([0-9.]*\)/.*|\1|p' | head -n 1
}

bring_up_network() {
    nic=$(find_nic) || fail "No NIC found for BOOTIF=$(cmdline_value BOOTIF); NICs seen: $(nic_list)"
    wait_for_link "$nic"
    ip_word=$(cmdline_value ip)
    if static_address "$ip_word" >/dev/null; then
        configure_static "$nic" "$ip_word" || fail "The static address ip=$ip_word cannot be set on $nic."
    else
        ask_dhcp "$nic" || fail "No DHCP server answered on $nic."
    fi
    nic_address "$nic" >"$RUN/address"
    printf '%s' "$nic" >"$RUN/nic"
    stage network "nic=$nic address=$(cat "$RUN/address")" ""
}

nic_list() {
    for nl_nic in $(all_nics); do
        printf '%s %s; ' "$nl_nic" "$(cat "/sys/class/net/$nl_nic/address")"
    done
}
