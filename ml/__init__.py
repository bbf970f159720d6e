"""Learning: training, replaying, judging and auditing. Needs the extra `ml`."""

import sys
from importlib.util import find_spec

import uiengine  # noqa: F401 - before onnxruntime is imported, which it keeps silent

# `python -m ml.…`: Python looks for the module, and has not run it yet.
if sys.argv[:1] == ["-m"] and (
    missing := [name for name in ("pandas", "sklearn", "torch") if find_spec(name) is None]
):
    sys.exit(
        f"The extra 'ml' is not installed ({', '.join(missing)} missing): "
        "pip install 'uiengine[ml]'"
    )
