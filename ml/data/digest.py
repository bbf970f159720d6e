"""Names visits by their content, so that figures can be tied to the data behind them.

The digest of visits is the SHA-256 over 256 digests, one per shard of people in order; a shard's is
the SHA-256 over its rows as lines of CSV (COLUMNS), sorted by their bytes. So each shard is read
alone, and rows in any order and files of any format and number give the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ml.data.shard_files import row_shards
from uiengine.behaviour.shards import SHARDS

COLUMNS = ["surface", "user", "at", "block", "uses"]
QUOTED = '[",\r\n]'
"""What a field may only contain in quotes."""


def visits_digest(visits: pd.DataFrame) -> str:
    """Returns the digest of rows with COLUMNS."""
    table = pa.Table.from_pandas(visits[COLUMNS], preserve_index=False)
    return joined_digest(shard_digests(table))


def joined_digest(shards: Mapping[int, str]) -> str:
    """Returns the digest of visits whose shards have these; the others are empty."""
    nothing = hashlib.sha256().hexdigest()
    each = (shards.get(number, nothing) for number in range(SHARDS))
    return hashlib.sha256(b"".join(map(bytes.fromhex, each))).hexdigest()


def shard_digests(table: pa.Table) -> dict[int, str]:
    """Returns the digest of each shard that the rows are of. The table has all of their rows."""
    shards = row_shards(table["user"])
    fields = [_quoted(pc.cast(table[name].combine_chunks(), pa.string())) for name in COLUMNS]
    lines = pc.binary_join_element_wise(pc.binary_join_element_wise(*fields, ","), "", "\n")
    return {
        int(shard): _sorted_digest(lines.filter(pa.array(shards == shard)))
        for shard in np.unique(shards)
    }


def _sorted_digest(lines: pa.Array) -> str:
    ordered = lines.take(pc.sort_indices(lines))
    length = pc.sum(pc.binary_length(ordered)).as_py()
    return hashlib.sha256(ordered.buffers()[2].slice(0, length)).hexdigest()


def _quoted(field: pa.Array) -> pa.Array:
    is_special = pc.match_substring_regex(field, QUOTED)
    if not pc.any(is_special).as_py():
        return field
    inner = pc.replace_substring(field, '"', '""')
    return pc.if_else(is_special, pc.binary_join_element_wise('"', inner, '"', ""), field)
