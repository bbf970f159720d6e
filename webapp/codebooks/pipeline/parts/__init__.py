"""A step's work over people in parts: ranges of shards that any worker may do, and a join.

A step uses it so:

1. When Django starts, its app says how a part is done: `work.register("collect", collect_part)`.
   The function takes a `lease.PartLease` (the shards, what the step said, the run) and returns the
   part's result: counts, sums and names of stored files, as JSON and without any person's key.
2. The step calls `together.parts_done(lease, "collect", split.cut(visits), seen=…, given={…})`.
   Parts that were done before a restart are kept. It sends a message for each other part, does
   parts itself until none is left, and takes over those whose worker died. It returns the results
   in the order of the shards; the step joins them and ends with `lease.finish`.
3. An erasure makes all parts of a running pipeline void: `kept_visits.VoidError`.

Files that name people begin with a word of `kept_visits.OF_PEOPLE` and stand in the result under a
name of `kept_visits.FILES`, so that a sweep knows them. Start reading in `together`.
"""
