#!/bin/sh
# What one image has beyond the layer that all share: its lock file's libraries and the project's wheel. `install.sh IMAGE PACKAGE...`
set -eu
image=$1
shift
pip() { /tools/bin/pip --python /opt/vinymatic/bin/python install --no-compile --no-deps "$@"; }
pip --require-hashes --only-binary :all: -r "/build/$image.lock"
pip /wheels/*.whl
python /build/image/slim.py
python /build/image/check.py "$@"
