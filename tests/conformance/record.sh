#!/bin/sh
# Records what the real interpreters print for the programs of this folder:
#     tests/conformance/record.sh            # all of them
#     tests/conformance/record.sh python     # one language
# A program is NNN_name.py or NNN_name.js; its output goes to NNN_name.out. Python is run isolated
# (-I); both without an environment, so that the output is the same on every machine. A program
# that does not exit with code 0 is reported, and the script then fails.
set -u
cd "$(dirname "$0")" || exit 2
failed=0

record() { # folder, extension, command...
    folder=$1 extension=$2
    shift 2
    [ -d "$folder" ] || return 0
    for program in "$folder"/[0-9]*."$extension"; do
        [ -e "$program" ] || continue
        name=${program##*/}
        output=${name%."$extension"}.out
        (cd "$folder" && env -i PATH="$PATH" LC_ALL=C.UTF-8 TZ=UTC "$@" "$name" >"$output" </dev/null)
        code=$?
        if [ "$code" -ne 0 ]; then
            echo "$program: exit code $code" >&2
            failed=1
        fi
    done
}

wanted=${1:-all}
case $wanted in all | python) record python py python3 -I ;; esac
case $wanted in all | javascript) record javascript js node; record javascript mjs node ;; esac
exit "$failed"
