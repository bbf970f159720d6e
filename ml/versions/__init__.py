"""Exports a fit as a version folder.

In: fitted networks and codes. Out: ONNX graphs checked against torch, card.json, manifest.json.
Start reading in `draft`, then `folder`.
"""
