# Root device hints: root_device=KEY=VALUE,KEY=VALUE with URL-quoted values. A value may start with
# an operator. All hints must hold; texts are compared without regard to case.

GIB=1073741824

HINT_KEYS=' size model vendor serial wwn wwn_with_extension wwn_vendor_extension name rotational hctl by_path '

# hint_property DISK KEY: the disk's value for a hint.
hint_property() {
    case $2 in
    model | vendor | serial | rotational | hctl | by_path) "disk_$2" "$1" ;;
    wwn | wwn_with_extension | wwn_vendor_extension) "disk_$2" "$1" ;;
    name) disk_node "$1" ;;
    size) disk_bytes "$1" ;;
    esac
}

# normal_hint KEY VALUE: a form in which equal things look equal.
normal_hint() {
    case $1 in
    wwn | wwn_with_extension | wwn_vendor_extension) bare_wwn "$2" ;;
    rotational) normal_boolean "$2" ;;
    by_path) lower "${2#/dev/disk/by-path/}" ;;
    *) lower "$2" ;;
    esac
}

lower() {
    printf '%s\n' "$1" | tr 'A-Z' 'a-z'
}

normal_boolean() {
    case $(lower "$1") in
    1 | t | true | on | y | yes) echo true ;;
    0 | f | false | off | n | no) echo false ;;
    *) lower "$1" ;;
    esac
}

# hint_operator TEXT: the operator at the start of a hint's value, or nothing.
hint_operator() {
    printf '%s' "$1" | sed -nE 's/^ *(<in>|<all-in>|<or>|s==|s!=|s>=|s<=|s>|s<|==|!=|>=|<=|=|>|<) *.*$/\1/p'
}

# hint_operand TEXT OPERATOR: what follows the operator, without spaces around it.
hint_operand() {
    ho_text=$(printf '%s' "$1" | sed 's/^ *//; s/ *$//')
    printf '%s\n' "${ho_text#"$2"}" | sed 's/^ *//'
}

# hint_holds DISK KEY VALUE. A disk that lacks the property never matches.
hint_holds() {
    hh_actual=$(hint_property "$1" "$2")
    [ -n "$hh_actual" ] || return 1
    hh_operator=$(hint_operator "$3")
    hh_operand=$(hint_operand "$3" "$hh_operator")
    if [ "$2" = size ]; then
        size_holds "${hh_operator:-==}" "$hh_actual" "$hh_operand"
        return
    fi
    case $hh_operator in
    '<or>' | '<all-in>') words_hold "$2" "$hh_operator" "$hh_actual" "$hh_operand" ;;
    *) text_holds "${hh_operator:-s==}" "$(normal_hint "$2" "$hh_actual")" "$(normal_hint "$2" "$hh_operand")" ;;
    esac
}

# Sizes are given in GiB. Equal means equal in whole GiB; the others compare bytes.
size_holds() {
    case $3 in '' | *[!0-9]*) return 1 ;; esac
    case $1 in
    == | s==) [ $(($2 / GIB)) -eq "$3" ] ;;
    != | 's!=') [ $(($2 / GIB)) -ne "$3" ] ;;
    '=' | '>=') [ "$2" -ge $(($3 * GIB)) ] ;;
    '>') [ "$2" -gt $(($3 * GIB)) ] ;;
    '<=') [ "$2" -le $(($3 * GIB)) ] ;;
    '<') [ "$2" -lt $(($3 * GIB)) ] ;;
    *) return 1 ;;
    esac
}

# text_holds OPERATOR ACTUAL WANTED. A plain "=" means "at least" for numbers in Ironic; for texts
# it is taken as equality.
text_holds() {
    case $1 in
    s== | == | '=') [ "$2" = "$3" ] ;;
    's!=' | '!=') [ "$2" != "$3" ] ;;
    's<' | '<') sorts_before "$2" "$3" ;;
    's>' | '>') sorts_before "$3" "$2" ;;
    's<=' | '<=') ! sorts_before "$3" "$2" ;;
    's>=' | '>=') ! sorts_before "$2" "$3" ;;
    '<in>') case $2 in *"$3"*) ;; *) return 1 ;; esac ;;
    *) return 1 ;;
    esac
}

sorts_before() {
    [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | LC_ALL=C sort | head -n 1)" = "$1" ]
}

# "<or> A <or> B" matches a disk that is A or B; "<all-in> A B" one whose text has A and B in it.
words_hold() {
    wh_actual=$(normal_hint "$1" "$3")
    printf '%s\n' "$4" | sed "s/ *<or> */\n/g; s/ *<all-in> */\n/g" |
        if [ "$2" = '<or>' ]; then
            while read -r wh_word; do [ "$(normal_hint "$1" "$wh_word")" != "$wh_actual" ] || exit 0; done
            exit 1
        else
            tr ' ' '\n' | while read -r wh_word; do
                case $wh_actual in *"$(lower "$wh_word")"*) ;; *) exit 1 ;; esac
            done
        fi
}

# split_hints TEXT: one "KEY VALUE" per line, values decoded.
split_hints() {
    printf '%s\n' "$1" | tr ',' '\n' | while read -r sh_hint; do
        [ -z "$sh_hint" ] || printf '%s %s\n' "${sh_hint%%=*}" "$(url_decode "${sh_hint#*=}" | tr '\n' ' ')"
    done
}

# unknown_hints TEXT: the keys that this ramdisk cannot judge.
unknown_hints() {
    split_hints "$1" | while read -r uh_key uh_value; do
        case $HINT_KEYS in *" $uh_key "*) ;; *) printf '%s ' "$uh_key" ;; esac
    done
}

# disk_matches DISK HINTS
disk_matches() {
    split_hints "$2" | while read -r dm_key dm_value; do
        hint_holds "$1" "$dm_key" "$dm_value" || exit 1
    done
}

# disks_matching HINTS: the names of all disks for which every hint holds.
disks_matching() {
    for ds_name in $(list_disks); do
        ! disk_matches "$ds_name" "$1" || echo "$ds_name"
    done
}

# The name udev would put into /dev/disk/by-path, for the usual kinds of disk; nothing for others.
disk_by_path() {
    bp_path=$(readlink -f "${SYSROOT:-}/sys/block/$1/device")
    bp_pci=$(printf '%s' "$bp_path" | grep -oE '[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]' | tail -n 1)
    [ -n "$bp_pci" ] || return 0
    case $1 in
    vd*) echo "pci-$bp_pci" ;;
    nvme*) echo "pci-$bp_pci-nvme-$(disk_file "$1" nsid)" ;;
    sd*) scsi_by_path "$bp_path" "$bp_pci" ;;
    esac
}

scsi_by_path() {
    sp_ata=$(printf '%s' "$1" | sed -n 's|.*/ata\([0-9]*\)/.*|\1|p')
    sp_hctl=${1##*/}
    case $1 in
    */end_device-*) ;;
    */ata*) echo "pci-$2-ata-$(ata_port "$1" "$sp_ata")" ;;
    *) echo "pci-$2-scsi-0:${sp_hctl#*:}" ;;
    esac
}

# Port number on its controller, which is what by-path counts; the kernel counts over all of them.
ata_port() {
    cat "${1%%/ata$2/*}/ata$2/ata_port/ata$2/port_no" 2>/dev/null
}
