#!/bin/sh
# Makes .venv with the Python that .python-version names, wherever this machine keeps one. Called by `make setup`.
set -eu
wanted=$(cat .python-version)

fits() {
    "$1" -c "import ensurepip, sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '$wanted')" >/dev/null 2>&1
}

if [ -x .venv/bin/python ] && fits .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; then
    exit 0
fi

found=
# PYTHON=... on the command line of make comes first; a name that is only a pyenv shim without a version behind it does not fit
for candidate in ${PYTHON:-} "python$wanted" python3 python \
    "$(uv python find --no-project "$wanted" 2>/dev/null || true)" \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$wanted"*/bin/python \
    /opt/homebrew/opt/python@"$wanted"/bin/python"$wanted" /usr/local/opt/python@"$wanted"/bin/python"$wanted"; do
    if [ -n "$candidate" ] && fits "$candidate"; then
        found=$candidate
        break
    fi
done
if [ -z "$found" ]; then
    echo "setup: Python $wanted with venv is missing: install it (pyenv install $wanted, uv python install $wanted," \
        "or python$wanted and python$wanted-venv of your system), or call make PYTHON=/path/to/python$wanted" >&2
    exit 1
fi
echo "setup: .venv with Python $wanted"
rm -rf .venv
"$found" -m venv .venv
