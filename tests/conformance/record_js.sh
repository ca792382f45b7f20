#!/bin/sh
# Records what node prints for every program of javascript/, as NNN_name.out next to it.
# Needed when a program is added; the tests themselves start no node.
set -eu
cd "$(dirname "$0")/javascript"
for program in *.js *.mjs; do
  node "$program" >"${program%.*}.out"
done
