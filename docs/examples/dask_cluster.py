"""Explain a table in parquet files on two workers, without holding it in memory.

Run by ``make demo-dask``; writes to ``output/demo-dask``.
"""

import shutil
import time
from pathlib import Path

import dask.dataframe as dd
import numpy as np
import torch
from adult import make_model
from dask.distributed import Client, LocalCluster

from agop_tabular import AGOPExplainer
from agop_tabular.datasets import fetch_adult


def write_table(folder, files, rows_a_file):
    """Write rows of Adult, drawn with replacement and with noise on the numbers, to several files."""
    adult = fetch_adult().data
    numbers = adult.select_dtypes("number").columns
    for i in range(files):
        rng = np.random.default_rng(i)
        rows = adult.iloc[rng.integers(0, len(adult), rows_a_file)].reset_index(drop=True)
        spread = 0.02 * adult[numbers].std().to_numpy()
        rows[numbers] = rows[numbers] + spread * rng.standard_normal((rows_a_file, len(numbers)))
        rows.to_parquet(folder / f"part-{i:03}.parquet")


def main(folder=Path("output/demo-dask"), files=20, rows_a_file=10_000):
    shutil.rmtree(folder, ignore_errors=True)
    table, explained = folder / "table", folder / "explained"
    table.mkdir(parents=True)
    write_table(table, files, rows_a_file)

    adult = fetch_adult()
    few = adult.data.index[:10_000]
    torch.manual_seed(0)
    model = make_model().fit(adult.data.loc[few], (adult.target[few] == ">50K").to_numpy().astype("int64"))

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster, Client(cluster):
        rows = dd.read_parquet(table)
        print(f"\n{files} files, {rows.npartitions} partitions, {len(cluster.workers)} workers")

        start = time.perf_counter()
        explainer = AGOPExplainer(model).fit(rows)
        print(f"fit on {explainer.n_samples_seen_:,} rows: {time.perf_counter() - start:.1f} s")

        lazy = explainer.explain(rows)
        print(f"explain: a dask DataFrame of {lazy.npartitions} partitions, not computed yet")
        start = time.perf_counter()
        lazy.to_parquet(explained)
        print(f"written to {len(list(explained.glob('*.parquet')))} files: {time.perf_counter() - start:.1f} s")

        memory = rows.compute()  # for the comparison below; this table is small enough

    wanted = AGOPExplainer(model).fit(memory).explain(memory).to_numpy()
    found = dd.read_parquet(explained).compute().to_numpy()
    error = np.abs(found - wanted).max() / np.abs(wanted).max()
    print(f"largest difference from the explanation of the table in memory: {error:.1e} of the largest attribution")

    print("\nMean absolute attribution over the whole table:")
    mean = dd.read_parquet(explained).abs().mean().compute().sort_values(ascending=False)
    for column, value in mean.head(5).items():
        print(f"  {column:<16}{value:6.2f}")
    return {"error": error, "rows": len(found)}


if __name__ == "__main__":
    main()
