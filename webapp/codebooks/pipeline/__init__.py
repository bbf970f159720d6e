"""A version's life as steps in rows: collect, train, export, replay, audit, gate, promote.

In: a surface with stored visits. Out: a version that serves or is held.
Start reading in `order`, then in the rooms of the steps: `collecting`, `training`, `replaying`,
`gating`; the audit is in `webapp.audits`.
"""
