# Proof that both sides know the deploy key, without showing it: HMAC-SHA256 (RFC 2104) out of
# sha256sum. A key stands as two files of 64 bytes, the key with each of the two paddings.

# hmac_key NAME KEY: stores a key of at most 64 characters under a name.
hmac_key() {
    hk_inner= hk_outer= hk_count=0
    for hk_byte in $(printf '%s' "$2" | od -An -v -tu1) $(seq -s ' ' $((64 - ${#2})) | sed 's/[0-9]\+/0/g'); do
        hk_inner="$hk_inner\\x$(printf %02x $((hk_byte ^ 0x36)))"
        hk_outer="$hk_outer\\x$(printf %02x $((hk_byte ^ 0x5c)))"
    done
    printf "$hk_inner" >"$RUN/$1.inner"
    printf "$hk_outer" >"$RUN/$1.outer"
}

# hmac NAME: the code of standard input in hexadecimal.
hmac() {
    { cat "$RUN/$1.outer"; cat "$RUN/$1.inner" - | sha256sum | cut -c 1-64 | xxd -r -p; } |
        sha256sum | cut -c 1-64
}

# 32 random bytes in hexadecimal.
random_hex() {
    head -c 32 /dev/urandom | xxd -p -c 64
}

is_hex64() {
    [ ${#1} -eq 64 ] && case $1 in *[!0-9a-f]*) return 1 ;; esac
}

# A conductor that says so on the kernel command line sends commands; any other one gets a target
# that is open to all, as the classic ramdisk gave it.
takes_commands() {
    [ "$(cmdline_value ironpxe_commands)" = 1 ]
}

# agree_on_session OURS THEIRS: the key of all that is said from now on. Whoever knows the deploy
# key from the boot files alone cannot make it: both numbers went over the callback only.
agree_on_session() {
    hmac_key deploy "$(cmdline_value deployment_key)"
    hmac_key session "$(printf 'ironpxe session\n%s\n%s\n' "$1" "$2" | hmac deploy)"
}

has_session() {
    [ -s "$RUN/session.outer" ]
}

# session_secret PURPOSE: a secret that both sides can work out.
session_secret() {
    printf '%s' "$1" | hmac session | cut -c 1-24
}
