"""Writes the transitions that import-files.test.ts expects as other programs write Parquet.

    python3 -m venv .venv && .venv/bin/pip install pandas==3.1.1 pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1
    .venv/bin/python apps/cli/test/reference/make_parquet.py

Each file holds all rows of `rows()` or a part of them, in an order and in types of its program's own choice.
"""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = Path(__file__).parent / "parquet"

# Writer, episode, steps, how it ends; a chunk has up to 5 steps.
EPISODES = [("a", 0, 12, "terminated"), ("a", 1, 4, "truncated"), ("b", 0, 6, "continues")]


def rows():
    sequences = {}
    for writer, episode, steps, end in EPISODES:
        for step in range(steps):
            if step % 5 == 0:
                sequences[writer] = sequences.get(writer, -1) + 1
            chunk_end = min(step - step % 5 + 5, steps)
            observe = lambda t: [t / 8, episode + 0.5, 1.0 if writer == "b" else -1.0]
            last = step == steps - 1
            yield {
                "writer": writer,
                "sequence": sequences[writer],
                "slot": 0,
                "episode": episode,
                "step": step,
                "action": step % 2,
                "reward": step / 4,
                "terminated": last and end == "terminated",
                "truncated": last and end == "truncated",
                "priority": None,
                "epsilon": 0.25,
                "weights_version": 7,
                "episode_return": sum(t / 4 for t in range(chunk_end)),
                "observation": observe(step),
                "next_observation": observe(step + 1),
            }


frame = pd.DataFrame(list(rows()))
frame["reward"] = frame["reward"].astype("float32")
frame["priority"] = frame["priority"].astype("float32")
table = pa.Table.from_pandas(frame, preserve_index=False)


def replaced(name, array):
    return table.set_column(table.schema.get_field_index(name), name, array)


FOLDER.mkdir(exist_ok=True)
# The index, which no longer counts from 0, becomes a column.
frame.sort_values(["slot", "episode", "step"]).to_parquet(FOLDER / "pandas-sorted.parquet", compression="gzip")
frame[frame.step % 3 != 1].to_parquet(FOLDER / "pandas-filtered.parquet", compression="brotli")
frame.sample(frac=1, random_state=1).to_parquet(FOLDER / "pandas-shuffled.parquet")
typed = frame.assign(
    writer=frame.writer.astype("category"),
    step=frame.step.astype("uint64"),
    slot=frame.slot.astype("uint8"),
    action=frame.action.astype("float64"),
    reward=frame.reward.astype("float16"),
    observation=[np.asarray(o, "float16") for o in frame.observation],
)
typed.to_parquet(FOLDER / "pandas-types.parquet", compression="zstd")
# Empty dictionaries are compressed too; a list goes on over pages.
pq.write_table(
    replaced("observation", table["observation"].cast(pa.large_list(pa.float64()))),
    FOLDER / "pyarrow-lz4.parquet",
    compression="lz4",
    row_group_size=9,
    data_page_size=32,
    write_batch_size=2,
)
pq.write_table(table, FOLDER / "pyarrow-pages-v2.parquet", compression="zstd", data_page_version="2.0")
polars = pl.from_arrow(table)
polars.with_columns(pl.col("observation").list.to_array(3)).write_parquet(FOLDER / "polars-zstd.parquet", row_group_size=10)
polars.write_parquet(FOLDER / "polars-lz4.parquet", compression="lz4")
duck = duckdb.connect()
duck.register("replay", table)
for name, select, options in [
    ("duckdb-bigint", "* replace (action::hugeint as action, reward::double as reward)", "compression brotli"),
    ("duckdb-snappy", "* replace (observation::double[] as observation)", "compression snappy, parquet_version v2"),
]:
    duck.execute(f"copy (select {select} from replay) to '{FOLDER / name}.parquet' (format parquet, {options})")
