# Kernel modules by hardware, as udev's coldplug does it: every device names its alias in sysfs.

# Needed without a device that names them, or before the first device of their kind appears.
EARLY_MODULES='sd_mod'

# Loads what the devices seen now ask for; buses bring new devices, so it is called until the list
# stays the same, and again while a NIC or disk is still missing.
coldplug() {
    while :; do
        find /sys/devices -name modalias -exec cat {} + 2>/dev/null | sort -u >"$RUN/aliases.new"
        cmp -s "$RUN/aliases.new" "$RUN/aliases" && return 0
        mv "$RUN/aliases.new" "$RUN/aliases"
        # One call for all: modprobe reads its indexes once.
        xargs modprobe -a -b -q <"$RUN/aliases" 2>/dev/null
    done
}

# A USB keyboard helps only whoever uses the shell; its controllers cost a second to start.
leave_out_usb() {
    [ "$(cmdline_value troubleshoot)" != 1 ] || return 0
    mkdir -p /etc/modprobe.d
    printf 'blacklist %s\n' xhci_pci ehci_pci ohci_pci uhci_hcd >/etc/modprobe.d/usb.conf
}

load_modules() {
    leave_out_usb
    modprobe -a -q $EARLY_MODULES
    coldplug
    stage modules "loaded=$(wc -l </proc/modules)" ""
}
