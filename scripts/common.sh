# Sourced by the scripts: strict mode, the repository's root as folder, one target folder.
# shellcheck shell=bash disable=SC2034 # the variables are for those who source this
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export CARGO_TERM_PROGRESS_WHEN="${CARGO_TERM_PROGRESS_WHEN:-never}"
export PYTHONDONTWRITEBYTECODE=1
TARGET="${CARGO_TARGET_DIR:-target}"

LIBRARIES=(qtp-core qtp-indicators qtp-risk qtp-exchange qtp-llm qtp-store qtp-engine)

# Runs a command and shows it, so that a failure can be repeated by hand.
run() {
    echo "+ $*" >&2
    "$@"
}

# `.ci/run` lists these lines at its end.
skip() {
    echo "skipped: $*"
}

has() {
    command -v "$1" >/dev/null 2>&1
}
