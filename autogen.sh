#!/bin/sh
# Make ./configure; its helper files go to .build/.
set -e
cd "$(dirname "$0")"
mkdir -p .build/aux .build/m4
exec autoreconf --install --force "$@"
