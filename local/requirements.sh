#!/bin/sh
# Installs requirements.txt and requirements-dev.txt into .venv, every file checked against its hash. Called by `make setup`.
set -eu
echo "setup: Python packages"
python=.venv/bin/python
# uv, at the version and hashes of the lock file, by pip: it installs the rest in a tenth of the time
awk '/^[a-z0-9]/ { on = /^uv==/ } on && !/^ *#/' requirements-dev.txt >.venv/uv.txt
"$python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.txt
# uv does not read pip's configuration; who has an index of their own has usually told only pip
if [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
    index=${PIP_INDEX_URL:-$("$python" -m pip config get global.index-url 2>/dev/null || true)}
    [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
fi
if [ -n "${PIP_CERT:-}" ] && [ -z "${SSL_CERT_FILE:-}" ]; then
    export SSL_CERT_FILE="$PIP_CERT"
fi
export UV_LINK_MODE="${UV_LINK_MODE:-copy}"
.venv/bin/uv pip install --quiet --python "$python" --require-hashes -r requirements.txt -r requirements-dev.txt
