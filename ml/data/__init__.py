"""Reads visits, people and layouts from files.

In: Parquet, CSV or JSON lines, ours or of other tools. Out: checked frames, visits in time order.
Start reading in `tables`; `formats` adds an outside format.
"""
