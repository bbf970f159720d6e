"""An import in parts: each is the people of a range of shards, stored in one transaction.

Files are read and checked whole before anything is written. Then their rows lie in the artefact
storage, a file per part, and any worker stores parts (`work`); the command gives them out, stores
parts as well (`together`) and joins the counts (`life`).

A part's transaction holds the lock of its row and marks it done, so the row needs no lease as the
parts of a pipeline have, whose results lie in files: the lock ends with a killed worker's
connection, at once, and what it wrote is taken back with it. Whoever comes next begins anew.
"""
