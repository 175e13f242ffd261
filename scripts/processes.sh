# The processes of a Keycloak server, found through /proc; sourced by scripts/keycloak.
# shellcheck shell=bash

# How long a server may take to end before it is killed.
readonly stop_seconds=30

# Reads state, group and start time of process $1 into $p_state, $p_group and
# $p_started; fails where it does not live.
read_process() {
    local stat=''
    # The file ends without the delimiter, and the name in parentheses may hold anything.
    { IFS= read -r -d '' stat <"/proc/$1/stat" || [ -n "$stat" ]; } 2>/dev/null || return 1
    read -ra stat <<<"${stat##*) }"
    p_state="${stat[0]}" p_group="${stat[2]}" p_started="${stat[19]}"
    [[ "$p_state" != [ZX] ]]
}

# Is process $1 still the one that started at $2? A process id alone may belong to
# another process by now.
process_lives() { read_process "$1" && [ "$p_started" = "$2" ]; }

# Is process $3 part of the server in folder $1 and group $2, kc.sh and its Java? Both
# name the folder in their command line.
is_server_process() {
    local words=()
    read_process "$3" && [ "$p_group" = "$2" ] || return 1
    { mapfile -d '' -t words <"/proc/$3/cmdline"; } 2>/dev/null || return 1
    [[ "${words[*]}" == *"$1/bin/"* ]]
}

# Sets $pids to the processes of the server in folder $1 and group $2.
find_server_processes() {
    local proc
    pids=()
    for proc in /proc/[0-9]*; do
        if is_server_process "$1" "$2" "${proc#/proc/}"; then pids+=("${proc#/proc/}"); fi
    done
}

server_runs() {
    local pids
    is_server_process "$1" "$2" "$2" && return 0
    # Without kc.sh its Java may still run.
    find_server_processes "$1" "$2"
    ((${#pids[@]} > 0))
}

# Ends the server in folder $1 with group $2 and waits until it is gone.
end_server() {
    local signal='TERM' deadline=$((SECONDS + stop_seconds)) pids
    find_server_processes "$1" "$2"
    while ((${#pids[@]} > 0)); do
        if [ -n "$signal" ]; then kill -s "$signal" "${pids[@]}" 2>/dev/null || true; fi
        signal=''
        if ((SECONDS >= deadline)); then
            signal=KILL
            deadline=$((SECONDS + stop_seconds))
        fi
        sleep 0.1
        find_server_processes "$1" "$2"
    done
}
