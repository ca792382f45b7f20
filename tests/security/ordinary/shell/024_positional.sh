# set, shift and getopts.
set -- -a -b value rest; while getopts ab: option; do echo "$option ${OPTARG:-none}"; done; shift $((OPTIND - 1)); echo "$@"
