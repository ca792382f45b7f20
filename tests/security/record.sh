#!/bin/sh
# Records what the real interpreters print for the programs of ordinary/: for NNN_name.py the
# output of python3 goes to NNN_name.out, and so for node and for sh. Run it from anywhere:
#     tests/security/record.sh
set -u
cd "$(dirname "$0")/ordinary" || exit 2
failed=0

record() { # folder, extension, command...
    folder=$1 extension=$2
    shift 2
    for program in "$folder"/*."$extension"; do
        output=$PWD/${program%."$extension"}.out
        scratch=$(mktemp -d)
        (
            program=$PWD/$program
            cd "$scratch" || exit 2
            exec env -i PATH="$PATH" HOME="$scratch" LC_ALL=C.UTF-8 TZ=UTC "$@" "$program"
        ) >"$output" 2>/dev/null </dev/null
        code=$?
        rm -rf "$scratch"
        [ "$code" -eq 0 ] || { echo "$program: exit code $code" >&2; failed=1; }
    done
}

record python py python3 -I
record javascript js node
record shell sh sh
exit "$failed"
