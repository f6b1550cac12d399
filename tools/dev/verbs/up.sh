# ./dev up [SERVICE...]
#
# Start everything on this machine, installing what is missing.
#
# Builds the exchange and runs postgres, kafka, s3 and exchange as plain processes that listen on
# 127.0.0.1 only; waits until each answers. Run again, it starts what does not run and says so. With
# names, only those services.
#
# EXCHANGE_DATA                 folder of the data; default .local in the tree
# EXCHANGE_PORT_HTTP            8080
# EXCHANGE_PORT_POSTGRES        15432
# EXCHANGE_PORT_KAFKA           19092, and EXCHANGE_PORT_KAFKA_CONTROLLER 19093
# EXCHANGE_PORT_S3              19000
#
#   ./dev up
#   EXCHANGE_PORT_HTTP=8081 ./dev up
# shellcheck shell=bash disable=SC2154

# Servers alone need nothing built; they are also what a test stack consists of.
wanted=()
for name in "$@"; do wanted+=("$(service_name "$name")"); done
if [[ ${#wanted[@]} -eq 0 ]]; then
    wanted=("${all_services[@]}")
    [[ $stack == dev ]] || wanted=(postgres kafka s3)
fi
servers=()
with_exchange=no
for name in "${wanted[@]}"; do
    if [[ $name == exchange ]]; then with_exchange=yes; else servers+=("$name"); fi
done

up_ports_unchanged() {
    [[ $stack == dev && -f $stack_data/ports ]] && supervisor_runs || return 0
    local name
    local -A recorded
    ports_read
    for name in "${!port[@]}"; do recorded[$name]=${port[$name]}; done
    ports_default 0
    for name in "${!port[@]}"; do
        local variable=EXCHANGE_PORT_${name^^}
        [[ -z ${!variable:-} || ${recorded[$name]} == "${port[$name]}" ]] ||
            fail "the stack already runs with $name on port ${recorded[$name]}" \
                "to move it: ./dev down, then $variable=${!variable} ./dev up"
    done
    ports_read
}

up_all_answer() {
    local name states
    states=$(service_states)
    for name in "${wanted[@]}"; do
        grep -q "^$name RUNNING" <<<"$states" && service_ready "$name" || return 1
    done
}

# A rebuilt binary replaces the file of a running one, whose link then ends in "(deleted)".
up_exchange_is_old() {
    local pid
    pid=$(service_states | awk '$1 == "exchange" && $2 == "RUNNING" { print $3 }')
    [[ -n $pid && $(readlink "/proc/$pid/exe") == *"(deleted)" ]]
}

up_exchange() {
    local binary=$root/build/release/src/app/exchange
    exchange_settings
    if up_exchange_is_old; then
        say "restarting exchange: it was built anew"
        supervisorctl_quiet stop exchange >/dev/null
    fi
    if ! service_ready exchange; then
        with_exchange_settings "$binary" migrate || fail "exchange migrate failed"
        with_exchange_settings "$binary" topics apply || fail "exchange topics apply failed"
    fi
    services_start exchange
}

up_servers() {
    up_ports_unchanged
    stack_up "${servers[@]}"
}

up_say_where() {
    local name
    for name in "${wanted[@]}"; do
        printf '  %-10s %s\n' "$name" "$(service_address "$name")" >&2
    done
}

up_say_what_to_try() {
    cat >&2 <<END

Try:
  curl -i $(service_address exchange)/v1/ingest \\
    -H 'Authorization: Bearer dev' -H 'Content-Type: application/json' \\
    -H "Idempotency-Key: \$(cat /proc/sys/kernel/random/uuid)" \\
    -d '{"source":"demo-source","record_type":"encounter","patient":{"first_name":"Sam","last_name":"Lee","dob":"1990-01-01"},"payload":{"example":true}}'

  ./dev psql -c 'SELECT id, topic, key, created_at, published_at FROM outbox_events ORDER BY id DESC LIMIT 5;'

  ./dev demo       the same with Kafka stopped in between, checked step by step
  ./dev logs -f    what the services write; the files are in $stack_data/logs
END
}

up_main() {
    install_services "${servers[@]}"
    supervisor_runs || stack_end_leftovers
    if [[ $with_exchange == yes ]]; then
        packages_demand "${build_packages[@]}"
        up_check_ports
        build release --target exchange
    fi
    if up_all_answer && ! up_exchange_is_old; then
        up_ports_unchanged
        say "already up, and every service answers:"
        up_say_where
        return
    fi
    up_servers
    [[ $with_exchange == no ]] || up_exchange
    say "up after $SECONDS s:"
    up_say_where
    [[ $with_exchange == no ]] || up_say_what_to_try
}

# A taken port is told before the minutes of a first build, not after. Other stacks than dev choose
# free ones when they start.
up_check_ports() {
    local name states
    [[ $stack == dev ]] || return 0
    states=$(service_states)
    for name in "${wanted[@]}"; do
        grep -qE "^$name (RUNNING|STARTING|STOPPING)" <<<"$states" || service_ports_demand "$name"
    done
}

with_stack_lock up_main
