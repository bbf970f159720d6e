"""The engine: profiles in, layouts out. A pure function of values; see the README beside this."""

import os

# onnxruntime keeps a device id in the home folder and reports its use to its maker, from a thread
# of its own, unless this is set before it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
