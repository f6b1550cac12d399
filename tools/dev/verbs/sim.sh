# ./dev sim [--seeds N] [--seed S] [--variant NAME]
#
# Run relay and ingest in a simulated world, thousands of seeds a minute, without any server.
#
# --seeds N        how many (1000 without it; 1 prints every step of that seed)
# --seed S         the first of them (1 without it)
# --variant NAME   a protocol that is broken on purpose, to see it found out; tests/sim/plan.hpp
#                  lists them
#
# The last line gives seeds, counters and violations. The exit status is 0 only when nothing was
# violated and, from 2000 seeds on, every rare event came up.
# shellcheck shell=bash disable=SC2154

sim_main() {
    local arguments=("$@")
    [[ " $* " == *" --seeds"* ]] || arguments+=(--seeds 1000)
    build release --target exchange_sim
    nice -n 10 "$root/build/release/tests/sim/exchange_sim" "${arguments[@]}"
}

sim_main "$@"
