"""What the overhead study measures: times of the explainer and of the loop, and their ratio."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.shared.measure import interleaved


@dataclass(frozen=True)
class Ratio:
    """Median seconds of the explainer and of the loop, the ratio of both, and the range of the ratio over rounds."""

    explainer: float
    loop: float
    ratio: float
    pairs_min: float
    pairs_max: float


def compared(explainer: Callable[[], Any], loop: Callable[[], Any], repeats: int) -> Ratio:
    """Time both in turns."""
    times = interleaved({"explainer": explainer, "loop": loop}, repeats)
    pairs = [a / b for a, b in zip(times["explainer"], times["loop"], strict=True)]
    ours, floor = (statistics.median(times[name]) for name in ("explainer", "loop"))
    return Ratio(ours, floor, ours / floor, min(pairs), max(pairs))


@dataclass(frozen=True)
class LoopCell:
    """AGOP-IxG and the bare loop on one network; ``forward`` is seconds of a forward pass."""

    n_classes: int
    width: int
    rank: int
    fit: Ratio
    explain: Ratio
    forward: float

    def __str__(self) -> str:
        return (
            f"classes {self.n_classes}, width {self.width}: "
            f"fit {self.fit.ratio:.2f} ({1e3 * self.fit.explainer:.0f} ms), "
            f"explain {self.explain.ratio:.2f} ({1e3 * self.explain.explainer:.0f} ms), "
            f"forward pass {1e3 * self.forward:.0f} ms"
        )


@dataclass(frozen=True)
class TablesCell:
    """The default method and a forward pass on one network.

    Attributes
    ----------
    n_factors : int
        Of the pair effects.
    interacting : int
        Columns with pair effects.
    fit_seconds, times_ixg : float
        Of a fit, and how many times a fit of AGOP-IxG that is.
    tables_mb : float
        Memory of the look-up and of the sums.
    batch_size : int
        Of the forward pass.
    explain : Ratio
        The forward pass is the loop.
    """

    columns: int
    trained: bool
    n_factors: int
    interacting: int
    fit_rows: int
    fit_seconds: float
    times_ixg: float
    tables_mb: float
    batch_size: int
    explain: Ratio

    def record(self) -> dict[str, Any]:
        """For JSON: flat, and with the names that earlier records have."""
        earlier = {"n_factors": "vectors", "interacting": "meeting"}
        flat = {earlier.get(name, name): value for name, value in asdict(self).items()}
        return flat | flat.pop("explain")

    def __str__(self) -> str:
        return (
            f"agop, {self.columns} columns, {'trained' if self.trained else 'untrained'}: "
            f"explain {self.explain.ratio:.1f} forward passes ({1e3 * self.explain.explainer:.0f} ms), "
            f"fit {self.fit_seconds:.2f} s ({self.times_ixg:.1f} of AGOP-IxG), tables {self.tables_mb:.1f} MB"
        )
