#!/bin/bash
# SPDX-License-Identifier: MIT
# tests/upgrade.sh REVISION: build the program as it was at that revision, from the history of this
# checkout, and upgrade from it under load (tests/service/test_upgrade.c).
set -euo pipefail
cd "$(dirname "$0")/.."
revision=$(git rev-parse --short "$1^{commit}")
old=$PWD/build/upgrade/$revision
if [ ! -x "$old/build/release/teller" ]; then
    rm -rf "$old" && mkdir -p "$old/build"
    git archive "$revision" | tar -x -C "$old"
    sed -i "s/ -Werror / /" "$old/Makefile" # its compiler may have been another one
    cp -r build/node_modules "$old/build/"
    make -s -C "$old" MODE=release build/release/teller >"$old/build/log" 2>&1 ||
        { tail -n 20 "$old/build/log"; exit 1; }
fi
echo "--- from $revision"
TEST_OLD_PROGRAM=$old/build/release/teller build/release/tests/test-service upgrade
