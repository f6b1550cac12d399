# A stack is one set of the four services with its own data folder and ports. `dev` is the one that
# people use and has fixed ports; any other name (`test`, `bench`, …) takes ports that are free.
# shellcheck shell=bash disable=SC2034,SC2154

readonly all_services=(postgres kafka s3 exchange)
readonly bucket=raw-objects
declare -A port

# stack_select NAME: sets stack, stack_data and, where the stack has been up before, its ports.
stack_select() {
    [[ $1 =~ ^[a-z][a-z0-9-]{0,15}$ ]] ||
        fail_usage "'$1' cannot name a stack: use up to 16 of a-z, 0-9 and -"
    stack=$1
    stack_data=$(data_base)/$stack
    ports_default 0
    [[ -f $stack_data/ports ]] && ports_read
    return 0
}

ports_default() {
    local step=$1
    if [[ $stack == dev ]]; then
        port=([http]=${EXCHANGE_PORT_HTTP:-8080} [postgres]=${EXCHANGE_PORT_POSTGRES:-15432}
            [kafka]=${EXCHANGE_PORT_KAFKA:-19092} [kafka_controller]=${EXCHANGE_PORT_KAFKA_CONTROLLER:-19093}
            [s3]=${EXCHANGE_PORT_S3:-19000})
    else
        port=([http]=$((28080 + step)) [postgres]=$((25432 + step)) [s3]=$((29000 + step))
            [kafka]=$((29092 + 2 * step)) [kafka_controller]=$((29093 + 2 * step)))
    fi
}

ports_read() {
    local name value
    while IFS='=' read -r name value; do port[$name]=$value; done <"$stack_data/ports"
}

# Called when a stack is about to start and none of its processes runs.
ports_choose() {
    local step name
    if [[ $stack == dev ]]; then
        ports_default 0
    else
        for ((step = 0; step < 40; step++)); do
            ports_default "$step"
            ports_all_free && break
        done
    fi
    for name in "${!port[@]}"; do
        [[ ${port[$name]} =~ ^[1-9][0-9]{0,4}$ && ${port[$name]} -le 65535 ]] ||
            fail "EXCHANGE_PORT_${name^^} is '${port[$name]}', which is no port"
        printf '%s=%s\n' "$name" "${port[$name]}"
    done >"$stack_data/ports"
}

ports_all_free() {
    local name
    for name in "${!port[@]}"; do
        [[ -z $(port_sockets "${port[$name]}") ]] || return 1
    done
}

port_sockets() {
    ss -Hltnp "sport = :$1" | awk '$4 ~ /^(127\.0\.0\.1|0\.0\.0\.0|\*|\[::\]|\[::ffff:127\.0\.0\.1\]):/'
}

# process_text PID FILE: a list of /proc, one entry a line; nothing when the process has ended.
process_text() { { tr '\0' '\n' <"/proc/$1/$2"; } 2>/dev/null || true; }

# port_demand SERVICE PORT_NAME: fails, naming the holder, when the port is taken.
port_demand() {
    local service=$1 number=${port[$2]} sockets pid holder remedy
    sockets=$(port_sockets "$number")
    [[ -n $sockets ]] || return 0
    pid=$(sed -n 's/.*pid=\([0-9]*\).*/\1/p' <<<"$sockets" | head -n 1)
    if [[ -n $pid ]]; then
        holder="process $pid ($(process_text "$pid" cmdline | tr '\n' ' ' | cut -c1-100))"
    else
        holder="a process of another user"
    fi
    remedy="stop it, or choose another: EXCHANGE_PORT_${2^^}=NUMBER ./dev up"
    [[ $stack == dev ]] ||
        remedy="stop it, or let the next up take free ports: ./dev --stack $stack down"
    fail "port $number, wanted for $service, is in use by $holder" "$remedy"
}

# The folder of all stacks: EXCHANGE_DATA, else .local of the tree, else a folder under /var/tmp
# where the server's user could not enter the tree or socket paths would be too long.
data_base() {
    if [[ -n ${EXCHANGE_DATA:-} ]]; then
        local base
        base=$(realpath -m -- "$EXCHANGE_DATA")
        data_base_fits "$base" || fail "EXCHANGE_DATA=$base cannot hold the stacks" \
            "its path may have at most 60 characters, and user postgres must be able to enter it"
        printf '%s' "$base"
    elif data_base_fits "$root/.local"; then
        printf '%s' "$root/.local"
    else
        printf '/var/tmp/exchange-%s-%s' "$UID" "$(sha256sum <<<"$root" | cut -c1-12)"
    fi
}

# Socket paths end at 107 bytes; Postgres runs as another user only when we are root.
data_base_fits() {
    local folder=$1
    [[ ${#folder} -le 60 ]] || return 1
    [[ $UID -eq 0 ]] || return 0
    while [[ $folder != / ]]; do
        [[ ! -e $folder || $(stat -c %A "$folder") == *[xt] ]] || return 1
        folder=$(dirname "$folder")
    done
}

stack_make_folder() {
    local base
    base=$(dirname "$stack_data")
    mkdir -p "$base" "$stack_data/logs"
    [[ -O $base && ! -L $base ]] || fail "$base belongs to someone else" "choose a folder by EXCHANGE_DATA"
    chmod 0711 "$base" "$stack_data"
    secrets_make
}

# Random secrets of this data folder, made once.
secrets_make() {
    [[ -f $stack_data/secrets ]] && return
    (
        umask 077
        {
            printf 's3_access_key=%s\n' "$(random_hex 10)"
            printf 's3_secret_key=%s\n' "$(random_hex 24)"
            printf 'postgres_superuser=%s\n' "$(random_hex 16)"
            printf 'postgres_exchange=%s\n' "$(random_hex 16)"
        } >"$stack_data/secrets.new"
        mv "$stack_data/secrets.new" "$stack_data/secrets"
    )
}

random_hex() { head -c "$1" /dev/urandom | od -An -tx1 | tr -d ' \n'; }

secret() { sed -n "s/^$1=//p" "$stack_data/secrets"; }

# with_stack_lock COMMAND…: one at a time changes a stack. The servers must not inherit the lock.
with_stack_lock() {
    mkdir -p "$(dirname "$stack_data")"
    exec 9>"$(dirname "$stack_data")/$stack.lock"
    flock -w 900 9 || fail "another ./dev has been busy with the stack '$stack' for 15 minutes"
    "$@"
    exec 9>&-
}

service_address() {
    case $1 in
        postgres) printf '127.0.0.1:%s' "${port[postgres]}" ;;
        kafka) printf '127.0.0.1:%s' "${port[kafka]}" ;;
        s3) printf 'http://127.0.0.1:%s' "${port[s3]}" ;;
        exchange) printf 'http://127.0.0.1:%s' "${port[http]}" ;;
    esac
}

# The names that the compose file and other runbooks use are understood, too.
service_name() {
    case $1 in
        redpanda) echo kafka ;;
        minio) echo s3 ;;
        ingest-api) echo exchange ;;
        postgres | kafka | s3 | exchange) echo "$1" ;;
        *) fail_usage "there is no service '$1'" "the services are: ${all_services[*]}" ;;
    esac
}
