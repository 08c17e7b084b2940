# A machine that is a port of no node tells what it is made of, and becomes a node (PROTOCOL.md §9).

enrolls() {
    [ "$(cmdline_value ironpxe_enroll)" = 1 ]
}

enroll_body() {
    printf '{"key": %s, "nonce": %s, "inventory": [' \
        "$(json_text "$(cmdline_value deployment_key)")" "$(json_text "$(cat "$RUN/nonce")")"
    cmdline_value ironpxe_lldp_seconds | command_inventory | sed 's/^= //' | {
        eb_comma=
        while IFS= read -r eb_line; do
            printf '%s%s' "$eb_comma" "$(json_text "$eb_line")"
            eb_comma=', '
        done
    }
    printf ']}'
}

# enroll_machine: returns when the machine is a node; it then waits for commands.
enroll_machine() {
    random_hex >"$RUN/nonce"
    enroll_body >"$RUN/body"
    call_conductor "$(api_base "$(cmdline_value ironic_api_url)")/enroll"
    take_session
    stage enrolled "node=$(reply_text uuid)" "This machine is now the node $(reply_text name)."
}

# reply_text NAME: a string of the conductor's answer.
reply_text() {
    sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$RUN/reply" | head -n 1
}
