import uiengine  # noqa: F401 - before onnxruntime is imported, which it keeps silent
