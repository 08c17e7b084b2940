# What this machine is made of, from sysfs, procfs and SMBIOS; a line of JSON for each part.

sys_text() {
    cat "${SYSROOT:-}/sys/$1" 2>/dev/null | tr -d '\0' | sed 's/^ *//; s/ *$//' | head -n 1
}

# Argument: for how many seconds switches are listened to; none without it.
command_inventory() {
    read -r ci_seconds
    hear_switches "$ci_seconds"
    echo "= cpu $(cpu_json)"
    echo "= memory $(memory_json)"
    for ci_disk in $(list_disks); do echo "= disk $(disk_json "$ci_disk")"; done
    for ci_nic in $(all_nics); do echo "= nic $(nic_json "$ci_nic")"; done
    echo "= system $(system_json)"
}

cpu_text() {
    sed -n "s/^$1[[:space:]]*: //p" "${SYSROOT:-}/proc/cpuinfo" | head -n 1
}

cpu_json() {
    printf '{"count": %s, "architecture": "%s"' "$(nproc)" "$(uname -m)"
    json_member model "$(cpu_text 'model name')"
    json_number frequencyMhz "$(cpu_text 'cpu MHz' | cut -d. -f1)"
    json_member flags "$(cpu_text flags)"
    printf '}'
}

memory_json() {
    printf '{"totalBytes": %s' $(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' "${SYSROOT:-}/proc/meminfo") * 1024))
    json_number physicalMib "$(physical_mib)"
    printf '}'
}

# SMBIOS type 17, one per slot: the size at byte 12 in MiB (in KiB with the top bit), 0x7fff: at
# byte 28 (DSP0134 §7.18).
physical_mib() {
    pm_sum=0
    for pm_raw in "${SYSROOT:-}"/sys/firmware/dmi/entries/17-*/raw; do
        [ -r "$pm_raw" ] || return 0
        pm_size=$(smbios_number "$pm_raw" 12 2)
        if [ "$pm_size" -eq 32767 ]; then
            pm_size=$(smbios_number "$pm_raw" 28 4)
        elif [ "$pm_size" -ge 32768 ]; then
            pm_size=$(((pm_size - 32768) / 1024))
        fi
        # 0xffff means unknown.
        [ "$pm_size" -eq 31 ] && [ "$(smbios_number "$pm_raw" 12 2)" -eq 65535 ] || pm_sum=$((pm_sum + pm_size))
    done
    echo $pm_sum
}

smbios_number() {
    od -An -v -tu1 -j "$2" -N "$3" "$1" | awk '{ n = 0; for (i = NF; i > 0; i--) n = n * 256 + $i; print n }'
}

disk_json() {
    printf '{"name": "%s", "sizeBytes": %s' "$(disk_node "$1")" "$(disk_bytes "$1")"
    json_number logicalBlockBytes "$(disk_file "$1" queue/logical_block_size)"
    for dj_pair in model=model vendor=vendor serial=serial wwn=wwn wwnWithExtension=wwn_with_extension \
        wwnVendorExtension=wwn_vendor_extension hctl=hctl byPath=by_path; do
        json_member "${dj_pair%%=*}" "$("disk_${dj_pair#*=}" "$1")"
    done
    dj_rotational=$(disk_rotational "$1")
    [ -z "$dj_rotational" ] || printf ', "rotational": %s' "$dj_rotational"
    json_flag canDiscard can_discard "$1"
    json_flag canWriteZeroes can_write_zeroes "$1"
    printf '}'
}

can_discard() {
    [ "$(disk_file "$1" queue/discard_max_bytes)" -gt 0 ] 2>/dev/null
}

nic_json() {
    nj_class=class/net/$1
    printf '{"name": "%s", "mac": "%s"' "$1" "$(sys_text "$nj_class/address")"
    json_flag hasCarrier has_link "$1"
    json_number speedMbps "$(sys_text "$nj_class/speed")"
    json_member ipv4 "$(nic_address "$1")"
    json_member driver "$(basename "$(readlink "${SYSROOT:-}/sys/$nj_class/device/driver")" 2>/dev/null)"
    json_member pciVendor "$(sys_text "$nj_class/device/vendor")"
    json_member pciProduct "$(sys_text "$nj_class/device/device")"
    json_member lldp "$(lldp_heard "$1")"
    json_flag isBootNic [ "$1" = "$(cat "$RUN/nic" 2>/dev/null)" ]
    printf '}'
}

system_json() {
    if [ -d "${SYSROOT:-}/sys/firmware/efi" ]; then printf '{"bootMode": "uefi"'; else printf '{"bootMode": "bios"'; fi
    json_member manufacturer "$(sys_text class/dmi/id/sys_vendor)"
    json_member productName "$(sys_text class/dmi/id/product_name)"
    json_member serialNumber "$(sys_text class/dmi/id/product_serial)"
    json_member uuid "$(sys_text class/dmi/id/product_uuid)"
    json_member bootMac "$(bootif_mac "$(cmdline_value BOOTIF)")"
    json_flag hasBmc has_bmc
    json_member bmcAddress "$(bmc_address)"
    printf '}'
}

# bmc_address: what the BMC says of its LAN; it may have several channels, of which one is in use.
bmc_address() {
    has_bmc && command -v ipmitool >/dev/null || return 0
    modprobe -a -q ipmi_si ipmi_devintf
    # The driver speaks with the BMC before it shows the device.
    for ba_try in 1 2 3 4 5 6 7 8 9 10; do
        [ ! -e /dev/ipmi0 ] || break
        [ $ba_try -lt 10 ] || return 0
        sleep 0.5
    done
    for ba_channel in 1 2 3 4 5 6 7 8 9 10 11; do
        ba_found=$(timeout 10 ipmitool lan print $ba_channel 2>/dev/null |
            sed -n 's/^IP Address  *: *\([0-9.]*\)$/\1/p' | head -n 1)
        case $ba_found in '' | 0.0.0.0) ;; *) echo "$ba_found"; return 0 ;; esac
    done
}

# SMBIOS type 38 describes an IPMI device (DSP0134 §7.39).
has_bmc() {
    [ -e "${SYSROOT:-}/sys/firmware/dmi/entries/38-0" ] || [ -e "${SYSROOT:-}/dev/ipmi0" ]
}
