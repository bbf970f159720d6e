"""An audit's work over people in parts: visits collected, then walked under each version.

In: stored visits. Out: files with a row of sums a person, without attributes. Start in `jobs`.
"""
