# ./dev restart SERVICE...
#
# Stop services and start them again.
# shellcheck shell=bash disable=SC2154

source "$root/tools/dev/verbs/stop.sh"
source "$root/tools/dev/verbs/start.sh"
