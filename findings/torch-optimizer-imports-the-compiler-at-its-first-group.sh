#!/usr/bin/env bash
# Guess: torch.optim.AdamW costs its own state, two numbers a parameter; torch.compile's machinery is
#   imported by who compiles. A worker that only fine-tunes a small network holds torch and no more.
# Really: making the optimizer imports torch._dynamo, and with it sympy: some 500 modules,
#   a third of what "import torch" itself holds, a second of each process. torch's functional
#   form, torch.optim.adamw.adamw with fused=True, takes the same steps without any of them.
# Versions: torch 2.13.0 (CPU), numpy 2.4.6, Python 3.11.
# Source: torch/_compile.py (_disable_dynamo), torch/optim/optimizer.py (add_param_group,
#   _use_grad_for_differentiable), torch/optim/adamw.py (adamw)
# Seen: functional: +0 modules of torch._dynamo and sympy; class: hundreds, weights equal to 1e-7.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv env
env/bin/pip install -q torch==2.13.0 numpy==2.4.6
cat >try.py <<'PY'
import sys

import torch
from torch.optim.adamw import adamw


def imported():
    return sum(name.split(".")[0] == "sympy" or name.startswith("torch._dynamo") for name in sys.modules)


def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


ours, theirs = (torch.nn.Parameter(torch.ones(5)) for _ in range(2))
ours.grad, theirs.grad = torch.arange(5.0), torch.arange(5.0)
before, memory = imported(), held()
with torch.no_grad():
    adamw(
        [ours], [ours.grad], [torch.zeros(5)], [torch.zeros(5)], [], [torch.zeros(())],
        fused=True, amsgrad=False, beta1=0.9, beta2=0.999, lr=0.1, weight_decay=0.01, eps=1e-8,
        maximize=False,
    )
print(f"functional: {imported() - before} more modules")
before, between = imported(), held()
torch.optim.AdamW([theirs], lr=0.1, weight_decay=0.01).step()
more = imported() - before
print(f"class: {'hundreds' if more > 300 else more} more modules")
print(f"same step: {torch.allclose(ours, theirs, atol=1e-7)}")
print(f"(MB: {memory:.0f}, {between:.0f}, {held():.0f})", file=sys.stderr)
PY
env/bin/python try.py | tee seen
diff seen - <<'SEEN'
functional: 0 more modules
class: hundreds more modules
same step: True
SEEN
