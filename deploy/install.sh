#!/usr/bin/env bash
# install.sh PYTHON VENV EXTRAS: the project and its extras, in the versions of constraints.txt, into a virtual environment.
# uv takes seconds where pip takes minutes; pip does it where uv cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1 venv=$2 extras=$3

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Python 3.11 or newer is needed, and $python is $("$python" -V 2>&1). Name another: make PYTHON=python3.12 ..." >&2
  exit 1
}
echo "Installing the environment into $venv ($extras)"
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt uv &&
  "$venv/bin/uv" pip install --quiet --compile-bytecode --python "$venv/bin/python" -c constraints.txt -e ".[$extras]" && exit 0
echo "uv did not manage; pip takes some minutes"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[$extras]"
