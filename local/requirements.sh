#!/bin/sh
# Installs requirements.txt and requirements-dev.txt into .venv, every file checked against its hash. Called by `make setup`.
set -eu
echo "setup: Python packages"
python=.venv/bin/python
# uv, at the version and hashes of the lock file, by pip: it installs the rest in a tenth of the time
awk '/^[a-z0-9]/ { on = /^uv==/ } on && !/^ *#/' requirements-dev.txt >.venv/uv.txt
"$python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.txt
sh local/uv.sh pip install --quiet --python "$python" --require-hashes -r requirements.txt -r requirements-dev.txt
