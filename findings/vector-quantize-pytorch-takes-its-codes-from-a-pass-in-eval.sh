#!/usr/bin/env bash
# Guess: a codebook in eval() mode, under torch.no_grad(), learns nothing from what passes through; with
#   kmeans_init=True its codes come from the first batch that it is trained on.
# Really: the codes come from the first batch at all. A pass to look at shapes, to count parameters or
#   to check the validation set before training places them, and training goes on from there: after
#   one pass of other data in eval() mode, all rows of the training data have the same code of eight,
#   and so they have after one training step over them. Without kmeans_init such a pass changes nothing.
# Versions: vector-quantize-pytorch 1.32.0, torch 2.13.0, Python 3.11.
# Source: vector_quantize_pytorch/vector_quantize_pytorch.py (forward of the codebook calls init_embed_
#   whether it is training or not), https://github.com/lucidrains/vector-quantize-pytorch
# Seen: kmeans_init=False changed nothing; kmeans_init=True changed embed, embed_avg, initted and
#   cluster_size, and 1 of 8 codes is in use on the training data, 8 without the pass before.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv env
env/bin/pip install -q torch==2.13.0 vector-quantize-pytorch==1.32.0
cat >try.py <<'PY'
import torch
from vector_quantize_pytorch import VectorQuantize

torch.manual_seed(0)
training, other = torch.randn(1, 256, 4), torch.randn(1, 256, 4) + 100


def codebook(kmeans_init: bool) -> VectorQuantize:
    torch.manual_seed(0)
    return VectorQuantize(dim=4, codebook_size=8, kmeans_init=kmeans_init)


def used(codes: VectorQuantize) -> int:
    """Codes in use on the training data, after one step of training on it."""
    codes.train()
    codes(training)
    codes.eval()
    with torch.no_grad():
        return len(codes(training)[1].unique())


for kmeans_init in (False, True):
    codes = codebook(kmeans_init).eval()
    before = {name: value.clone() for name, value in codes.state_dict().items()}
    with torch.no_grad():
        codes(other)
    changed = [
        name.removeprefix("_codebook.")
        for name, value in codes.state_dict().items()
        if not torch.equal(before[name], value)
    ]
    print(f"kmeans_init={kmeans_init}: changed in eval mode: {sorted(changed)}")
print(f"codes in use: {used(codebook(True))} of 8, after the pass of other data {used(codes)} of 8")
PY
env/bin/python try.py 2>/dev/null | tee seen
grep -q '^kmeans_init=False: changed in eval mode: \[\]$' seen
grep -q "^kmeans_init=True: changed in eval mode: \['cluster_size', 'embed', 'embed_avg', 'initted'\]$" seen
grep -q '^codes in use: 8 of 8, after the pass of other data 1 of 8$' seen
