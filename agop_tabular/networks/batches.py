"""A skorch data set that is read a batch at a time: row by row would take longer than training."""

from __future__ import annotations

import numpy as np
import torch
from skorch.dataset import Dataset
from torch import Tensor


class BatchDataset(Dataset):
    """Rows of an array, a batch at a time."""

    def __getitems__(self, index: list[int]) -> tuple[Tensor, Tensor]:
        """Rows and targets of a batch."""
        y = (
            torch.zeros(len(index), dtype=torch.int64)
            if self.y is None
            else torch.from_numpy(np.asarray(self.y)[index])
        )
        return torch.from_numpy(np.asarray(self.X)[index]), y


def as_it_is(batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """The collate function for batches that need none."""
    return batch


def batched(valid_batch_size: int = 8192) -> dict[str, object]:
    """Arguments of a skorch net that reads its rows so."""
    return {
        "dataset": BatchDataset,
        "iterator_train__collate_fn": as_it_is,
        "iterator_valid__collate_fn": as_it_is,
        "iterator_valid__batch_size": valid_batch_size,
    }
