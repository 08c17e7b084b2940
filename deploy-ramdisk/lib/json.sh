# JSON, as much of it as is said here.

# json_text TEXT: a JSON string. Control characters become spaces.
json_text() {
    printf '"%s"' "$(printf '%s' "$1" | tr '\001-\037\177' ' ' | sed 's/\\/\\\\/g; s/"/\\"/g')"
}

# json_member NAME TEXT: a member with a string; nothing when the text is empty.
json_member() {
    [ -z "$2" ] || printf ', "%s": %s' "$1" "$(json_text "$2")"
}

# json_number NAME TEXT: a member with a number; nothing when the text is none.
json_number() {
    case $2 in '' | *[!0-9]*) ;; *) printf ', "%s": %s' "$1" "$2" ;; esac
}

# json_flag NAME COMMAND…: a member that tells whether the command succeeds.
json_flag() {
    jf_name=$1
    shift
    if "$@"; then printf ', "%s": true' "$jf_name"; else printf ', "%s": false' "$jf_name"; fi
}
