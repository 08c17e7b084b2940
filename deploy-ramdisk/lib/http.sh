# A small HTTP/1.1 client on nc: unlike busybox wget it shows the status and body of a refusal.

HTTP_SECONDS=60

# split_url URL: "HOST PORT PATH"; status 1 for anything but http:// with a name or IPv4 address.
split_url() {
    printf '%s\n' "$1" | grep -qE '^http://[^]/:[]+(:[0-9]+)?(/|$)' || return 1
    su_rest=${1#http://}
    su_host=${su_rest%%/*}
    su_path=${su_rest#"$su_host"}
    su_path=${su_path:-/}
    case $su_host in
    *:*) printf '%s %s %s\n' "${su_host%:*}" "${su_host##*:}" "$su_path" ;;
    *) printf '%s 80 %s\n' "$su_host" "$su_path" ;;
    esac
}

# http_post URL BODYFILE ANSWERFILE: prints the status code; status 1 when there was no answer.
# The head of the answer goes to ANSWERFILE.head.
http_post() {
    set -- "$2" "$3" $(split_url "$1")
    http_request "$1" "$3" "$4" "$5" >"$RUN/request"
    # A fifo that the shell keeps open: closing our side early makes some servers drop the request.
    rm -f "$RUN/request.fifo" && mkfifo "$RUN/request.fifo"
    exec 9<>"$RUN/request.fifo"
    cat "$RUN/request" >&9
    timeout $HTTP_SECONDS nc -w 10 "$3" "$4" <"$RUN/request.fifo" 2>"$RUN/nc.error" | tr -d '\r' >"$RUN/answer"
    exec 9>&-
    sed '/^$/q' "$RUN/answer" >"$2.head"
    sed '1,/^$/d' "$RUN/answer" >"$2"
    sed -n '1s|^HTTP/1\.[01] \([0-9][0-9][0-9]\).*|\1|p' "$RUN/answer" | grep .
}

# http_request BODYFILE HOST PORT PATH
http_request() {
    printf '%s\r\n' "POST $4 HTTP/1.1" "Host: $2:$3" 'Connection: close' 'Accept: application/json' \
        'User-Agent: ironpxe-ramdisk' 'Content-Type: application/json' "Content-Length: $(wc -c <"$1")" ''
    cat "$1"
}
