# ./dev restart SERVICE…
#
# Stops and starts services, and waits until each answers.
# shellcheck shell=bash disable=SC2154

source "$root/tools/dev/verbs/stop.sh"
source "$root/tools/dev/verbs/start.sh"
