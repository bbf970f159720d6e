"""Visits and people of files.

In: Parquet or CSV files, ours or of other tools. Out: checked frames, and visits in time order.
Start reading in `tables`.
"""
