# The kernel command line, read by whole words. The last word with a name wins, as in the kernel.

# cmdline_value NAME: the text behind "NAME="; nothing when the word is missing.
cmdline_value() {
    tr ' \t' '\n\n' <"${SYSROOT:-}/proc/cmdline" | sed -n "s|^$1=||p" | tail -n 1 | tr -d '"'
}

# bootif_mac TEXT: the MAC of BOOTIF in lower case with colons. pxelinux writes the hardware type
# (01 = Ethernet) and dashes, iPXE the bare MAC with colons.
bootif_mac() {
    bm_mac=$(printf '%s' "$1" | tr 'A-F-' 'a-f:')
    case $bm_mac in
    ??:??:??:??:??:??:??) bm_mac=${bm_mac#01:} ;;
    esac
    printf '%s\n' "$bm_mac" | grep -E '^([0-9a-f]{2}:){5}[0-9a-f]{2}$'
}

# api_base URL: the URL with exactly one /v1 at its end. Conductors pass it with or without.
api_base() {
    ab_url=$(printf '%s' "$1" | sed 's|/*$||')
    case $ab_url in
    */v1) printf '%s\n' "$ab_url" ;;
    *) printf '%s/v1\n' "$ab_url" ;;
    esac
}

# url_decode TEXT: %XX becomes the byte it stands for. Backslashes are taken literally.
url_decode() {
    printf '%b' "$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/%\([0-9A-Fa-f][0-9A-Fa-f]\)/\\x\1/g')"
}
