"""A skorch data set read a batch at a time; row by row, reading would take longer than training."""

from __future__ import annotations

import numpy as np
import torch
from skorch.dataset import Dataset
from torch import Tensor


class BatchDataset(Dataset):
    """An array and its targets, read a batch at a time."""

    def __getitems__(self, index: list[int]) -> tuple[Tensor, Tensor]:
        """Rows and targets of a batch."""
        y = (
            torch.zeros(len(index), dtype=torch.int64)
            if self.y is None
            else torch.from_numpy(np.asarray(self.y)[index])
        )
        return torch.from_numpy(np.asarray(self.X)[index]), y


def return_batch(batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Return the batch unchanged: a collate function for data that come in batches already."""
    return batch


def batched(valid_batch_size: int = 8192) -> dict[str, object]:
    """Arguments of a skorch net that reads its rows a batch at a time.

    Validation batches can be large, since no gradients are kept for them.
    """
    return {
        "dataset": BatchDataset,
        "iterator_train__collate_fn": return_batch,
        "iterator_valid__collate_fn": return_batch,
        "iterator_valid__batch_size": valid_batch_size,
    }
