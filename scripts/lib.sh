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

# The Keycloak release the package is compiled for: the build part of its version.
default_keycloak_version() {
    sed -n 's/^version = ".*+keycloak\.\([^"]*\)"$/\1/p' "$root/Cargo.toml" | head -n 1
}

# Other releases that the client is run on, the oldest first: those before the pinned one are also in
# openapi/since.toml.
readonly older_versions=(24.0.5 25.0.6 26.0.8 26.4.7 26.5.7)
readonly newer_versions=(26.7.5)

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
