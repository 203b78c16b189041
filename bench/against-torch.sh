#!/usr/bin/env bash
# The training step of the 17-layer reference net beside the published algorithm in PyTorch, in turn, 2 threads each.
# On an idle machine, with Debian's python3-torch and libopenblas0-pthread:  bench/against-torch.sh [rounds]
set -eu
cd "$(dirname "$0")/.."
for _ in $(seq "${1:-3}"); do
  node dist/cli.js bench --threads 2
  for k in 64 512; do
    OMP_NUM_THREADS=2 K=$k STEPS=6 "${PYTHON:-/usr/bin/python3}" bench/peers/ddn_torch.py
  done
done
