# What the console shows, and the first error, which the callback carries.

RUN=${SYSROOT:-}/run/ironpxe
mkdir -p "$RUN"

uptime_seconds() {
    cut -d' ' -f1 "${SYSROOT:-}/proc/uptime"
}

# One line on every console that the kernel command line named, not only on the last one, which is
# what /dev/console means.
console_line() {
    cl_names=$(cut -d' ' -f1 "${SYSROOT:-}/proc/consoles" 2>/dev/null)
    for cl_name in ${cl_names:-console}; do
        printf '%s\n' "$1" 2>/dev/null >"${SYSROOT:-}/dev/$cl_name"
    done
}

# stage NAME 'KEY=VALUE …' SENTENCE: a line for programs, then a line for people.
stage() {
    st_uptime=$(uptime_seconds)
    echo "$1=$st_uptime" >>"$RUN/stages"
    console_line "ironpxe-ramdisk: stage=$1 uptime=$st_uptime${2:+ $2}"
    [ -z "$3" ] || console_line "ironpxe-ramdisk: $3"
}

note() {
    console_line "ironpxe-ramdisk: $1"
}

# fail MESSAGE: keeps the first message, shows every one, and ends the (sub)shell.
fail() {
    stage error "" "Error: $1"
    # noclobber: only the first error is the cause, later ones are its consequences.
    (set -C; printf '%s' "$1" >"$RUN/error") 2>/dev/null
    exit 1
}

has_failed() {
    [ -s "$RUN/error" ]
}

first_error() {
    cat "$RUN/error"
}

# The end of the road without a reboot: power stays on so that the message can be read.
stop_here() {
    stage stopped "" "$1"
    note "Nothing more will happen here. Fix the cause, then deploy the node again (or power it off)."
    while :; do sleep 3600; done
}
