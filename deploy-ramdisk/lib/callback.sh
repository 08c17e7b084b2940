# Telling the conductor: POST …/vendor_passthru/pass_deploy_info until it is accepted.

CALLBACK_SECONDS=1800
RETRY_MAX_SECONDS=30

# callback_body: the JSON of pass_deploy_info, with the first error if there was one.
callback_body() {
    printf '{"address": %s, "key": %s' \
        "$(json_text "$(cat "$RUN/address")")" "$(json_text "$(cmdline_value deployment_key)")"
    cb_iqn=$(cmdline_value iscsi_target_iqn)
    if [ -n "$cb_iqn" ]; then
        json_member iqn "$cb_iqn"
        json_member port "$TARGET_PORT"
        json_member lun "$TARGET_LUN"
    fi
    if takes_commands; then
        json_member commands 1
        json_member nonce "$(cat "$RUN/nonce")"
        json_member stages "$(head -n 20 "$RUN/stages" | tr '\n' ' ')"
    fi
    ! has_failed || json_member error "$(first_error)"
    printf '}'
}

# The conductor's random number in its answer; from both numbers comes the key of the session.
take_session() {
    ts_nonce=$(sed -n 's/.*"nonce": *"\([0-9a-f]*\)".*/\1/p' "$RUN/reply" | head -n 1)
    is_hex64 "$ts_nonce" ||
        stop_here "The conductor asked for a ramdisk that takes commands, but its answer holds no nonce."
    agree_on_session "$(cat "$RUN/nonce")" "$ts_nonce"
}

# is_final STATUS: the conductor has understood and refuses; asking again changes nothing.
is_final() {
    case $1 in
    408 | 409 | 423 | 425 | 429) return 1 ;;
    3?? | 4??) return 0 ;;
    *) return 1 ;;
    esac
}

# fault_text ANSWERFILE: the faultstring of Ironic's (twice encoded) error body, else its first line.
fault_text() {
    # \\\" is a quote within the text, \" one of the inner encoding.
    ft_fault=$(sed -e 's/\\\\\\"/'\''/g' -e 's/\\"/"/g' "$1" |
        sed -n 's/.*"faultstring": *"\([^"]*\)".*/\1/p' | head -n 1)
    printf '%s\n' "${ft_fault:-$(head -c 300 "$1" | head -n 1)}"
}

# Up to a second more than asked for, so that machines which boot together do not call together.
pause_before_retry() {
    sleep "$1.$(od -An -N1 -tu1 /dev/urandom | tr -d ' ')"
}

# tell_conductor: returns when the conductor accepted; else ends in stop_here.
tell_conductor() {
    random_hex >"$RUN/nonce"
    callback_body >"$RUN/body"
    call_conductor "$(api_base "$(cmdline_value ironic_api_url)")/nodes/$(cmdline_value deployment_id)/vendor_passthru/pass_deploy_info"
    ! takes_commands || take_session
}

# call_conductor URL: posts $RUN/body until it is accepted; else ends in stop_here.
call_conductor() {
    split_url "$1" >/dev/null ||
        stop_here "The API address \"$(cmdline_value ironic_api_url)\" is not an http:// URL, so the conductor cannot be told."
    cc_end=$(($(date +%s) + CALLBACK_SECONDS))
    cc_wait=1
    until post_once "$1"; do
        [ "$(date +%s)" -lt $cc_end ] ||
            stop_here "The conductor at $1 did not accept the callback within $CALLBACK_SECONDS s."
        pause_before_retry $cc_wait
        cc_wait=$((cc_wait * 2 < RETRY_MAX_SECONDS ? cc_wait * 2 : RETRY_MAX_SECONDS))
    done
}

no_answer_reason() {
    nr_text=$(head -n 1 "$RUN/nc.error")
    printf '%s\n' "${nr_text:-the connection was closed without a status line}"
}

# post_once URL: status 0 accepted, 1 try again; a refusal ends in stop_here.
post_once() {
    if ! po_status=$(http_post "$1" "$RUN/body" "$RUN/reply"); then
        stage callback "status=none" "No answer from $1 ($(no_answer_reason)); trying again."
        return 1
    fi
    case $po_status in
    2??) stage callback "status=$po_status" "The conductor knows."; return 0 ;;
    esac
    stage callback "status=$po_status" "The conductor said: $(fault_text "$RUN/reply")"
    ! is_final "$po_status" || stop_here "The conductor refused this machine ($po_status): $(fault_text "$RUN/reply")"
    return 1
}
