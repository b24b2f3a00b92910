#!/bin/sh
# Runs the program of an image in its root file system, for the options of `docker run` that are used here. Networks are the machine's.
set -eu
[ "$1" = run ]
shift
user={{user}}
volume=
variables=
while :; do
    case "$1" in
        --rm | -i) shift ;;
        -e) variables="$variables $2" && shift 2 ;;
        -v) volume=$2 && shift 2 ;;
        --user) user=$2 && shift 2 ;;
        *) break ;;
    esac
done
[ "$1" = pgdumprs ]
shift
set -- "$(command -v unshare)" --root={{root}} --wd={{folder}} --setgid="${user#*:}" --setuid="${user%:*}" {{program}} "$@"
for name in $variables; do
    eval "set -- \"$name=\${$name}\" \"\$@\""
done
exec unshare --mount sh -euc '
    if [ -n "$1" ]; then mount --bind "${1%:*}" "{{root}}${1##*:}"; fi
    shift
    exec env -i "$@"
' sh "$volume" "$@"
