# Shared by the scripts of this folder; source it, do not run it.
# shellcheck shell=bash

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"

# Messages go to stderr: stdout belongs to the answer of a script.
say() { printf '%s\n' "$*" >&2; }

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# The releases of openapi/SOURCE.toml under the key $1, separated by spaces.
releases() {
    local line
    while IFS= read -r line; do
        if [[ "$line" == "$1 = "* ]]; then
            line="${line#*= }"
            printf '%s\n' "${line//[\[\],\"]/}"
            return 0
        fi
    done <"$root/openapi/SOURCE.toml"
}

# The Keycloak release that the client is generated from.
default_keycloak_version() { releases pinned; }

# Other releases that the client is run on, the oldest first: those before the pinned one are also in
# openapi/since.toml.
read -ra older_versions < <(releases older)
read -ra newer_versions < <(releases newer)
readonly older_versions newer_versions

# The oldest Rust the package builds with, as MAJOR.MINOR.
minimum_rust_version() {
    sed -n 's/^rust-version = "\([0-9]*\.[0-9]*\).*"$/\1/p' "$root/Cargo.toml" | head -n 1
}

# A version becomes part of a path and of a Maven coordinate.
check_keycloak_version() {
    [[ "$1" =~ ^[0-9]+(\.[0-9A-Za-z_-]+)+$ ]] ||
        die "'$1' is no Keycloak version; expected a form like $(default_keycloak_version)"
}

# The value of a KEY=value line in a file written by these scripts.
value_of() {
    local line
    while IFS= read -r line; do
        if [[ "$line" == "$2="* ]]; then
            printf '%s\n' "${line#*=}"
            return 0
        fi
    done <"$1"
    return 1
}
