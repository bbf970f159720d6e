"""The book of a page: at most 256 layouts, one of which each person is shown.

Which one is a single byte, so the page itself is the same for everybody and may come from a cache.
"""
