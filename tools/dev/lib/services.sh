# Starting, stopping and asking the services of a stack, through a private supervisord.
# shellcheck shell=bash disable=SC2154

postgres_folder() { printf '%s/postgres' "$stack_data"; }

supervised() {
    env EXCHANGE_ROOT="$root" EXCHANGE_STACK_DATA="$stack_data" \
        EXCHANGE_TOOLS_KAFKA="$(tool_kafka)" EXCHANGE_TOOLS_S3="$(tool_s3)" \
        EXCHANGE_STACK_BINARY="$root/build/release/src/app/exchange" \
        "$@"
}

supervisorctl_quiet() { supervised supervisorctl -c "$root/deploy/local/supervisord.conf" "$@" 9>&-; }

supervisor_runs() {
    local pid
    [[ -S $stack_data/supervisor.sock && -f $stack_data/supervisor.pid ]] || return 1
    pid=$(<"$stack_data/supervisor.pid")
    [[ -n $pid ]] && process_text "$pid" cmdline | grep -q supervisord
}

supervisor_start() {
    supervisor_runs && return
    rm -f "$stack_data/supervisor.sock"
    ports_choose
    supervised supervisord -c "$root/deploy/local/supervisord.conf" 9>&- </dev/null ||
        fail "supervisord did not start" "its log is $stack_data/logs/supervisord.log"
    local deadline=$((SECONDS + 20))
    until supervisorctl_quiet pid >/dev/null 2>&1; do
        ((SECONDS < deadline)) || fail "supervisord does not answer" "see $stack_data/logs/supervisord.log"
        sleep 0.1
    done
}

# service_states: "NAME STATE PID UPTIME" a line, for every service.
service_states() {
    if supervisor_runs; then
        { supervisorctl_quiet status || true; } | awk '
            { pid = "-"; up = "-"
              if ($2 == "RUNNING") { pid = $4; sub(",", "", pid); up = $0; sub(/.*uptime /, "", up) }
              gsub(" ", "", up); print $1, $2, pid, up }'
    else
        printf '%s STOPPED - -\n' "${all_services[@]}"
    fi
}

service_ready() {
    case $1 in
        postgres) pg_isready -q -h "$(postgres_folder)" -p "${port[postgres]}" ;;
        kafka) timeout 3 kcat -b "$(service_address kafka)" -L -m 1 ;;
        s3) curl -fsS -m 2 "$(service_address s3)/health" ;;
        exchange) curl -fsS -m 2 "$(service_address exchange)/healthz" ;;
    esac >/dev/null 2>&1
}

# services_start NAME…: starts those that do not run, all at once, and waits until each answers.
services_start() {
    local name state states job waiting=() starting=()
    states=$(service_states)
    for name in "$@"; do
        state=$(awk -v name="$name" '$1 == name { print $2 }' <<<"$states")
        if [[ $state != RUNNING && $state != STARTING ]]; then
            service_ports_demand "$name"
            say "starting $name on $(service_address "$name")"
            supervisorctl_quiet start "$name" >/dev/null 2>&1 &
            starting+=($!)
        fi
        waiting+=("$name")
    done
    for name in "${waiting[@]}"; do service_wait "$name"; done
    # Supervisor itself calls a service started when it has lived for a second.
    for job in "${starting[@]}"; do wait "$job" || true; done
}

service_ports_demand() {
    case $1 in
        postgres | s3) port_demand "$1" "$1" ;;
        kafka)
            port_demand kafka kafka
            port_demand kafka kafka_controller
            ;;
        exchange) port_demand exchange http ;;
    esac
}

service_wait() {
    local name=$1 deadline=$((SECONDS + 60)) checked=$SECONDS
    until service_ready "$name"; do
        if ((SECONDS > checked + 1)); then
            checked=$SECONDS
            if service_states | grep -q "^$name FATAL"; then
                service_failed "$name" "$name ends as soon as it is started"
            fi
        fi
        ((SECONDS < deadline)) || service_failed "$name" "$name has not answered for 60 s"
        sleep 0.1
    done
}

service_failed() {
    tail -n 20 "$stack_data/logs/$1.log" >&2 2>/dev/null || true
    fail "$2" "its log is $stack_data/logs/$1.log"
}

# What the servers need once: roles and a database, and the bucket. Safe to repeat.
stack_prepare() {
    local name
    for name in "$@"; do
        case $name in
            postgres) postgres_prepare ;;
            s3) bucket_make ;;
        esac
    done
}

psql_superuser() {
    psql -X -q -v ON_ERROR_STOP=1 -h "$(postgres_folder)" -p "${port[postgres]}" -U postgres "$@"
}

postgres_prepare() {
    superuser=$(secret postgres_superuser) exchange=$(secret postgres_exchange) \
        psql_superuser -d postgres <"$root/deploy/local/postgres.sql" ||
        fail "the database could not be prepared" "the server's log is $stack_data/logs/postgres.log"
}

bucket_make() {
    local status
    status=$(s3_curl -o /dev/null -w '%{http_code}' -X PUT "$(service_address s3)/$bucket")
    [[ $status == 200 || $status == 409 ]] ||
        fail "the bucket $bucket could not be made: the server answered $status" \
            "its log is $stack_data/logs/s3.log"
}

# curl signed with the stack's key, which must not appear among its arguments. The hash is that of
# an empty body.
s3_curl() {
    curl -sS -m 10 -K - --aws-sigv4 aws:amz:us-east-1:s3 \
        -H "x-amz-content-sha256: $(sha256sum </dev/null | cut -c1-64)" "$@" \
        <<<"user = \"$(secret s3_access_key):$(secret s3_secret_key)\""
}

# The environment of the exchange as a file that only its owner can read.
exchange_settings() {
    (
        umask 077
        cat >"$stack_data/exchange.env" <<END
ENV=local
LISTEN_ADDR=127.0.0.1:${port[http]}
DATABASE_URL=postgres://exchange:$(secret postgres_exchange)@127.0.0.1:${port[postgres]}/exchange
KAFKA_BROKERS=$(service_address kafka)
RAW_STORE=s3://$bucket
S3_ENDPOINT=$(service_address s3)
AWS_REGION=us-east-1
AWS_ACCESS_KEY_ID=$(secret s3_access_key)
AWS_SECRET_ACCESS_KEY=$(secret s3_secret_key)
END
    )
}

with_exchange_settings() {
    (
        set -a
        # shellcheck source=/dev/null
        source "$stack_data/exchange.env"
        exec "$@"
    )
}

# stack_up NAME…: the named servers run, answer and are prepared.
stack_up() {
    stack_make_folder
    supervisor_start
    services_start "$@"
    stack_prepare "$@"
}

stack_down() {
    if supervisor_runs; then
        local pid
        pid=$(<"$stack_data/supervisor.pid")
        supervisorctl_quiet shutdown >/dev/null
        while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    fi
    stack_end_leftovers
}

# A supervisor that was killed leaves its services running, which nobody watches any more.
stack_end_leftovers() {
    local pid deadline
    [[ -f $stack_data/ports ]] || return 0
    for pid in $(stack_leftovers); do
        say "ending process $pid, left over from a supervisor that was killed"
        kill -INT "$pid" 2>/dev/null || true
        deadline=$((SECONDS + 20))
        while kill -0 "$pid" 2>/dev/null; do
            ((SECONDS < deadline)) || kill -KILL "$pid"
            sleep 0.1
        done
    done
}

# Processes that listen on a port of the stack and name its data folder as theirs.
stack_leftovers() {
    local name pid
    for name in "${!port[@]}"; do
        for pid in $(port_sockets "${port[$name]}" | grep -o 'pid=[0-9]*' | cut -d= -f2); do
            if process_text "$pid" environ | grep -qxF "EXCHANGE_STACK_DATA=$stack_data" ||
                process_text "$pid" cmdline | grep -qF "$(postgres_folder)/"; then
                echo "$pid"
            fi
        done
    done | sort -u
}

# The variables by which tests find the servers of a stack (tests/README.md).
test_variables() {
    cat <<END
EXCHANGE_TEST_PG=host=127.0.0.1 port=${port[postgres]} user=postgres password=$(secret postgres_superuser) dbname=postgres
EXCHANGE_TEST_KAFKA=$(service_address kafka)
EXCHANGE_TEST_S3=$(service_address s3)
EXCHANGE_TEST_S3_ACCESS_KEY=$(secret s3_access_key)
EXCHANGE_TEST_S3_SECRET_KEY=$(secret s3_secret_key)
EXCHANGE_TEST_BINARY=$root/build/release/src/app/exchange
EXCHANGE_TEST_STACK=$root/dev --stack $stack
EXCHANGE_TEST_KAFKA_JARS=$(tool_kafka)/libs
END
}

export_test_variables() {
    local line
    while IFS= read -r line; do export "${line?}"; done < <(test_variables)
}
