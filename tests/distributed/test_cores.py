"""A dask worker computes with as many threads as it has."""

import pytest
import torch

from agop_tabular.distributed.cores import share_of_cores


def test_torch_threads_of_a_worker_are_its_own():
    distributed = pytest.importorskip("distributed")

    def threads():
        before = torch.get_num_threads()
        with share_of_cores():
            inside = torch.get_num_threads()
        return before, inside, torch.get_num_threads()

    before, inside, after = threads()
    assert before == inside == after
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=3, processes=False, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        before, inside, after = client.submit(threads).result()
    assert inside == 3
    assert before == after
