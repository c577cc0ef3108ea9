#!/bin/sh
# Fills corpus/bytes with the files of the cases and of the recordings, each under its name.
# The other targets make their files of the input, and need no seeds.
set -eu
cd "$(dirname "$0")"
mkdir -p corpus/bytes
for file in ../graphs/*/graph.* ../fixtures/comfyui/vectors/*.json; do
    name=$(echo "${file#../}" | tr / -)
    size=$(wc -c <"$file")
    # Long ones only slow the rest down.
    [ "$size" -gt 16384 ] || cp "$file" "corpus/bytes/$name"
done
echo "$(ls corpus/bytes | wc -l) files in corpus/bytes"
