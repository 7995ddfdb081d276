#!/bin/sh
# Makes a virtual environment from a lock file: install.sh PYTHON VENV LOCK
set -eu
python=$1 venv=$2 lock=$3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Tracuu needs Python 3.11 or newer. Name one: make demo PY=python3.12" >&2
  exit 1
}
echo "Installing into $venv from $lock (once) ..."
if command -v uv >/dev/null 2>&1; then
  uv venv -q --allow-existing --python "$python" "$venv"
  uv pip sync -q --require-hashes --python "$venv" "$lock"
else
  "$python" -m venv "$venv" || {
    echo "Python cannot make an environment here. On Debian: apt install python3-venv" >&2
    exit 1
  }
  "$venv/bin/pip" install -q --disable-pip-version-check --require-hashes -r "$lock"
fi
