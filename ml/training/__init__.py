"""Trains versions: a new one, one fine-tuned from another, or a champion refreshed.

In: checked visits, perhaps a version folder to start from. Out: a draft, which exports itself.
Start reading in `train`; `refresh` is the short run between two trainings.
"""
