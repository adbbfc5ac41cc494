#!/bin/sh
# Calls uv with the package index and the certificates that this machine has set up, perhaps for pip only. Arguments are uv's.
set -eu
python=.venv/bin/python
# uv does not read pip's configuration; who has an index of their own has usually told only pip
if [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
    index=${PIP_INDEX_URL:-$("$python" -m pip config get global.index-url 2>/dev/null || true)}
    [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
fi
if [ -n "${PIP_CERT:-}" ] && [ -z "${SSL_CERT_FILE:-}" ]; then
    export SSL_CERT_FILE="$PIP_CERT"
fi
export UV_LINK_MODE="${UV_LINK_MODE:-copy}"
exec .venv/bin/uv "$@"
