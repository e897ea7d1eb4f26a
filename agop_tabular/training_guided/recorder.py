"""TrajectoryRecorder: keeps a network's weights while it is trained, in any loop."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from torch import Tensor, nn

from agop_tabular.core.tensor_file import write_tensors
from agop_tabular.models.fingerprint import weights_digest
from agop_tabular.training_guided.trajectory import Checkpoint, State, Trajectory, state_of

PRECISIONS = ("full", "half")
"""Whether checkpoints between the first and the last are kept as they are, or in float16."""

LARGEST_HALF = torch.finfo(torch.float16).max
"""Tensors with larger values than float16 has are kept as they are."""


class TrajectoryRecorder:
    """Keeps a module's weights at its start and at some steps of a hand-written training loop.

    Nothing but copies of weights is taken: the training is to the bit the one without a recorder.

    Parameters
    ----------
    module : torch.nn.Module
        Not trained yet; what it is now is the start.
    unit : str, default="step"
        What a step is called.
    budget : int or None, default=None
        Checkpoints that are kept at most, from 2 on; when there are more, every second one is dropped, and from then
        on only every second call of :meth:`record` keeps them. None keeps all; each takes the memory of the
        network.
    precision : {"full", "half"}, default="full"
        "half" keeps those between the first and the last in float16.
    folder : str, Path or None, default=None
        Where to keep them, in a new folder for each training, which is left to you; None for main memory.

    Examples
    --------
    >>> import torch
    >>> from agop_tabular.training_guided import TrainingGuidedExplainer, TrajectoryRecorder
    >>> _ = torch.manual_seed(0)
    >>> X = torch.randn(200, 5)
    >>> y = (X[:, 0] > 0).long()
    >>> module = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    >>> recorder = TrajectoryRecorder(module, unit="epoch")
    >>> optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
    >>> for _ in range(20):
    ...     optimizer.zero_grad()
    ...     torch.nn.functional.cross_entropy(module(X), y).backward()
    ...     _ = optimizer.step()
    ...     recorder.record()
    >>> explainer = TrainingGuidedExplainer(module, trajectory=recorder.finish()).fit(X.numpy())
    >>> explainer.explain(X.numpy(), target=1).shape
    (200, 5)
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        unit: str = "step",
        budget: int | None = None,
        precision: str = "full",
        folder: str | Path | None = None,
    ):
        check_keeping(budget, precision)
        self.module, self.unit, self.budget, self.precision = module, unit, budget, precision
        self.folder = None if folder is None else _new_folder(Path(folder))
        self.step, self.calls, self.stride, self.resumed = 0, 0, 1, False
        self.checkpoints: list[Checkpoint] = []
        self._keep("full")

    def record(self, steps: int = 1) -> None:
        """Keep the weights, where it is their turn.

        Parameters
        ----------
        steps : int, default=1
            Steps of the training since the last call.
        """
        self.step += steps
        self.calls += 1
        if self.calls % self.stride:
            return
        self._keep(self.precision)
        while self.budget is not None and len(self.checkpoints) >= self.budget:  # one more will be the last
            self.stride *= 2
            self._drop(self.checkpoints[1::2])

    def finish(self) -> Trajectory:
        """The trajectory to the weights as they are now; recording may go on afterwards.

        Where training ended by going back to earlier weights, what came after these is left out, if they were kept.
        """
        now = state_of(self.module)
        same = next((i for i in reversed(range(len(self.checkpoints))) if self._is(self.checkpoints[i], now)), None)
        if same is None:
            self._keep(self.precision)
            same = len(self.checkpoints) - 1
        self._drop(self.checkpoints[same + 1 :])
        last = self.checkpoints[-1]
        if last.step and self.precision == "half":  # the network itself is not rounded
            self._drop([last])
            self._keep("full", last.step)
        return Trajectory(tuple(self.checkpoints), self.unit, weights_digest(self.module), self.resumed)

    def _is(self, checkpoint: Checkpoint, now: State) -> bool:
        kept = checkpoint.state()
        return all(torch.equal(kept[name], t.cpu().to(kept[name].dtype)) for name, t in now.items())

    def _keep(self, precision: str, step: int | None = None) -> None:
        step = self.step if step is None else step
        state = {name: _copied(t, half=precision == "half") for name, t in state_of(self.module).items()}
        if self.folder is None:
            self.checkpoints.append(Checkpoint(step, state))
            return
        path = self.folder / f"checkpoint-{step:09d}.safetensors"
        write_tensors(path, state)
        self.checkpoints.append(Checkpoint(step, path))

    def _drop(self, dropped: list[Checkpoint]) -> None:
        self.checkpoints = [c for c in self.checkpoints if c not in dropped]
        for checkpoint in dropped:
            if isinstance(checkpoint.kept, Path):
                checkpoint.kept.unlink(missing_ok=True)


def _new_folder(folder: Path) -> Path:
    """A folder of its own for one training."""
    try:
        return Path(tempfile.mkdtemp(prefix="training-", dir=folder))
    except OSError as error:
        reason = error.strerror or str(error)
        raise type(error)(f"Nothing can be kept in folder={str(folder)!r} ({reason}); name another.") from error


def check_keeping(budget: int | None, precision: str) -> None:
    """Raise unless the number of checkpoints and their precision are such as can be kept.

    Raises
    ------
    ValueError
    """
    if budget is not None and (isinstance(budget, bool) or not isinstance(budget, int) or budget < 2):
        raise ValueError(f"budget={budget!r} is not None or a whole number from 2, for the start and the end.")
    if precision not in PRECISIONS:
        raise ValueError(f'precision={precision!r} is not "full" or "half".')


def _copied(t: Tensor, *, half: bool) -> Tensor:
    """A copy in main memory, in float16 if that is wanted and holds the values."""
    if half and t.is_floating_point() and t.numel() and float(t.abs().max()) <= LARGEST_HALF:
        return t.to("cpu", torch.float16, copy=True).contiguous()
    return t.to("cpu", copy=True).contiguous()
