"""The default method: Shapley values of main and pair effects, looked up in tables."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np
import torch
from torch import Tensor

from agop_tabular.attribution.method import Method, Run, Settings, Statistics
from agop_tabular.attribution.moment_summary import MomentSummary
from agop_tabular.attribution.row_by_row import AttributeBatch, Batch, BatchAttributions, RowByRow
from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.core.gradients import Scores
from agop_tabular.effects.background import Background
from agop_tabular.effects.knots import simplified
from agop_tabular.effects.known_values import KnownValues
from agop_tabular.effects.look_up import LookUp
from agop_tabular.effects.outliers import Changes, Outliers
from agop_tabular.effects.refinement import Refinement
from agop_tabular.effects.remainder import Measured, Remainder, with_constants
from agop_tabular.effects.shapley_sampling import ShapleySampling
from agop_tabular.effects.shuffling import sorted_rows
from agop_tabular.effects.tables import Effects
from agop_tabular.effects.typical_rows import typical_of, typical_rows
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.refusals import check_scores
from agop_tabular.models.row_means import RowMeans


@dataclass(frozen=True)
class EffectsMethod(Method):
    """Attributions are looked up in tables of main and pair effects; a row's add up to its score minus the mean."""

    @property
    def gathers_effects(self) -> bool:
        """True: effects are gathered on shuffled rows."""
        return True

    @property
    def ignores(self) -> frozenset[str]:
        """Effects are differences from the mean score, in the network's own units, of no filter."""
        return super().ignores | {"rank", "standardize", "baseline"}

    def fit(self, feature_map: FeatureMap, statistics: Statistics, settings: Settings) -> FittedEffectsMethod:
        """Integrate the sums to effects, with as few knots as accuracy allows; see :meth:`Method.fit`."""
        summary = MomentSummary.of(feature_map, statistics.gradients, statistics.coordinates, **vars(settings))
        assert statistics.effects is not None
        effects = simplified(Effects.from_sums(statistics.effects))
        remainder = statistics.remainder
        if remainder is None:  # until it is measured, and in files of earlier formats
            remainder = Remainder.nothing(len(statistics.mean_scores), feature_map.n_columns)
        coordinates, constants = statistics.coordinates, statistics.constants
        if constants is None:  # in files of earlier formats
            constants = torch.where(coordinates.varies, torch.nan, coordinates.first)
        if not effects.axes:  # as fit warns, all attributions are zero
            constants = torch.full_like(constants, torch.nan)
        others = torch.where(constants.isnan(), coordinates.mean, constants)
        typical = typical_rows(effects.axes, torch.from_numpy(feature_map.column_of), others)
        known = KnownValues.of(effects.axes, constants, typical.device, typical.dtype)
        typical = known.near(typical)  # the mean of a bin may lie in a gap
        return FittedEffectsMethod(
            self, feature_map, summary, effects, statistics.mean_scores, remainder, constants, typical
        )


@dataclass(frozen=True, eq=False)
class FittedEffectsMethod(RowByRow):
    """The default method, fitted.

    Attributes
    ----------
    effects : Effects
    mean_scores : Tensor of shape (n_scores,)
        Of the training rows.
    remainder : Remainder
        What is added to the effects.
    constants : Tensor of shape (p,)
        Values of the coordinates that are constant in the training rows; NaN for the others.
    typical : Tensor of shape (n, p)
        Rows that stand for those that attributions are differences from.
    """

    effects: Effects
    mean_scores: Tensor
    remainder: Remainder
    constants: Tensor
    typical: Tensor
    _tables: dict[tuple[torch.device, torch.dtype], ColumnLookUp] = field(init=False, default_factory=dict, repr=False)

    @property
    def has_support(self) -> bool:
        """True: what main and pair effects leave unexplained is known of every row."""
        return True

    @property
    def looks_up(self) -> bool:
        """True: rows are sorted by class before they are looked up."""
        return True

    def base_scores(self, model: ExplainedModel) -> np.ndarray:
        """Mean scores (C,) of the training rows."""
        return self.mean_scores.numpy()

    def look_up(self, device: torch.device, network_dtype: torch.dtype = torch.float32) -> ColumnLookUp:
        """Tables on the network's device, in float64 where the network computes in it, otherwise in float32.

        Parameters
        ----------
        device : torch.device
        network_dtype : torch.dtype
        """
        dtype = torch.float64 if network_dtype is torch.float64 else torch.float32
        if (device, dtype) not in self._tables:
            axes, column_of = self.effects.axes, torch.from_numpy(self.feature_map.column_of)
            column = torch.tensor([int(column_of[a.coordinates[0]]) for a in axes])
            tables = LookUp(self.centred_effects, device, dtype) if axes else None
            same = torch.equal(column, torch.arange(self.feature_map.n_columns))
            known = KnownValues.of(axes, self.constants, device, network_dtype)
            typical = self.typical.to(device, network_dtype)
            self._tables[device, dtype] = ColumnLookUp(
                tables,
                None if same else column.long().to(device),
                self.feature_map.n_columns,
                self.mean_scores.to(device),
                self.remainder.to(device, dtype),
                known,
                Outliers(typical, known.near(typical), column_of.clamp_min(0), self.feature_map.n_columns),
            )
        return self._tables[device, dtype]

    @cached_property
    def centred_effects(self) -> Effects:
        """Effects whose pair effects have mean zero over the background rows."""
        background = self.remainder.background
        return self.effects if background is None else background.centred(self.effects)

    def centred_on(self, x: Tensor) -> FittedEffectsMethod:
        """The same effects, with pair effects and triples of mean zero over background rows (m, p)."""
        remainder = self.remainder
        triples = None if remainder.triples is None else remainder.triples.against(x)
        return replace(self, remainder=replace(remainder, triples=triples, background=Background.of(self.effects, x)))

    def against(self, model: ExplainedModel, x: Tensor, means: RowMeans) -> FittedEffectsMethod:
        """The same effects against other background rows; see :meth:`FittedMethod.against`."""
        with evaluating(model.network.module), torch.no_grad():
            rows = sorted_rows(x)
            typical = typical_of(rows, torch.from_numpy(self.feature_map.column_of))
            moved = replace(self.centred_on(x), mean_scores=means.scores, typical=typical)
            return moved.with_remainder(with_constants(moved.remainder, moved.measured(model, rows)))

    def with_remainder(self, remainder: Remainder) -> FittedEffectsMethod:
        """The same effects, over the same background rows, with other constants, shares or triples."""
        found = replace(self, remainder=remainder)
        for (device, dtype), tables in self._tables.items():  # the tables of main and pair effects stay
            found._tables[device, dtype] = replace(tables, remainder=remainder.to(device, dtype))
        return found

    def measured(self, model: ExplainedModel, background: Tensor) -> Measured:
        """The network and the effects, as their differences are measured on sorted background rows (m, p)."""
        look_up = self.look_up(model.network.device, model.network.dtype)
        return Measured(
            model.scores,
            look_up.of_effects,
            self.mean_scores,
            background,
            torch.from_numpy(self.feature_map.column_of),
            self.effects.axes,
            self.feature_map.n_columns,
            partial(look_up.near, scores=model.scores),
            model.sums_to_constant,
        )

    def sampling(self, background: Tensor) -> ShapleySampling | None:
        """Permutations over background rows (m, p), of what the tables leave; None where there is no axis to permute.

        Parameters
        ----------
        background : Tensor of shape (m, p)
            Those that the effects are differences from.
        """
        tables = self.look_up(background.device, background.dtype).tables
        if tables is None:
            return None
        column = torch.from_numpy(self.feature_map.column_of)
        return ShapleySampling(
            self.centred_effects, tables, self.remainder.triples, background, column, self.feature_map.n_columns
        )

    def prepared(self, model: ExplainedModel, run: Run) -> AttributeBatch:
        """Look attributions up, and refine them where that is wanted."""
        adapter = model.network
        look_up = self.look_up(adapter.device, adapter.dtype)
        refinement, refine = None, run.refine
        if refine is not None and (sampling := self.sampling(refine.background)) is not None:
            refinement = Refinement(sampling, refine.n_pairs, refine.seed)

        def attribute_batch(batch: Batch) -> BatchAttributions:
            with torch.no_grad():
                raw = model.raw_scores(batch.x)
                check_scores(raw, batch.first_row)
                index = None if batch.choose is None else batch.choose(raw)  # as the estimator predicts
                s = model.explained(raw)
                near, changes = look_up.near(batch.x, model.scores)
                if index is None:
                    values, support = look_up.of_all_scores(near, s, changes)
                else:
                    values, support = look_up.of_one_score(near, s, index, changes)
                found = BatchAttributions(
                    values,
                    index,
                    support,
                    s if index is None else _chosen(s, index),
                    distances=self.distances(batch.x) if batch.with_support else None,
                    raw=raw,
                )
                return found if refinement is None else self._refined(model, look_up, refinement, batch.x, s, found)

        return attribute_batch

    def distances(self, x: Tensor) -> Tensor:
        """Root mean square of the standardised coordinates of rows (b, p), (b,); 0 where no coordinate varies."""
        scale = self.summary.scale
        inverse = torch.where(scale > 0, 1 / scale, 0.0).to(x)
        n_varying = (scale > 0).sum().clamp_min(1).to(x)
        return torch.linalg.vector_norm((x - self.summary.baseline.to(x)) * inverse, dim=1) / n_varying.sqrt()

    def _refined(
        self,
        model: ExplainedModel,
        look_up: ColumnLookUp,
        refinement: Refinement,
        x: Tensor,
        s: Tensor,
        found: BatchAttributions,
    ) -> BatchAttributions:
        """Move looked-up attributions towards what permutations say."""
        of_one = found.index is not None
        if found.index is None:
            index, values = torch.arange(s.shape[1], device=s.device).expand(len(x), -1), found.values
        else:
            index, values = found.index[:, None], found.values[:, :, None]
        totals = s.double().gather(1, index) - look_up.mean_scores[index]
        refined, errors = refinement.refined(model.scores, x, values, totals, index)
        _check_replaced(refined, "refine= asks for", "leave refine=0")
        if of_one:
            refined, errors = refined[:, :, 0], errors[:, :, 0]
        return replace(found, values=refined, errors=errors)


def _check_replaced(found: Tensor, need: str, way_out: str) -> None:
    """Raise if attributions are not finite for which the network scored rows that nobody gave."""
    if not torch.isfinite(found).all():
        raise ValueError(
            f"The network's score is not finite where single columns of a row have other values, which {need} (a "
            f"logarithm or square root of a difference of columns?). Let the network clamp such a number, or {way_out}."
        )


def _chosen(s: Tensor, index: Tensor) -> Tensor:
    """One score of each row, (b,), of scores (b, C)."""
    return s.gather(1, index[:, None])[:, 0]


@dataclass(frozen=True, eq=False)
class ColumnLookUp:
    """Looks up attributions of the user's columns, a batch at a time.

    Attributes
    ----------
    tables : LookUp or None
        Of the axes; None where no coordinate varies.
    column : Tensor of int, shape (n_axes,), or None
        The column of each axis; None where axes and columns are the same.
    n_columns : int
    mean_scores : Tensor of shape (n_scores,)
    remainder : Remainder
    known : KnownValues
        What values the training rows have.
    outliers : Outliers
        Attributes what others change in the scores.
    """

    tables: LookUp | None
    column: Tensor | None
    n_columns: int
    mean_scores: Tensor
    remainder: Remainder
    known: KnownValues
    outliers: Outliers

    def near(self, x: Tensor, scores: Scores) -> tuple[Tensor, Changes | None]:
        """Rows (b, p) as they are looked up, and what is added to their attributions, if anything."""
        near = self.known.near(x)
        if near is x and not self.outliers.of_all_rows:
            return x, None
        changes = self.outliers.changes(scores, x, near)
        _check_replaced(changes.values, "values outside the training rows need", "leave such rows out")
        return near, changes

    def of_all_scores(self, x: Tensor, s: Tensor, changes: Changes | None) -> tuple[Tensor, Tensor]:
        """Attributions (b, d, C) of all scores (b, C), and their support (b, C); arguments as for one of them."""
        each = [self.attributions(x, s[:, c], c, changes) for c in range(s.shape[1])]
        values, support = (torch.stack(part, dim=-1) for part in zip(*each, strict=True))
        return values, support

    def of_one_score(self, x: Tensor, s: Tensor, index: Tensor, changes: Changes | None) -> tuple[Tensor, Tensor]:
        """Attributions (b, d) of one of the scores (b, C) of each row, and their support (b,).

        Parameters
        ----------
        x : Tensor of shape (b, p)
            With known values in place of others.
        s : Tensor of shape (b, C)
        index : Tensor of int, shape (b,)
        changes : Changes or None
            As from :meth:`near`.
        """
        return self.attributions(x, _chosen(s, index), index, changes)

    def attributions(
        self, x: Tensor, score: Tensor, target: Tensor | int, changes: Changes | None = None
    ) -> tuple[Tensor, Tensor]:
        """Attributions (b, d) of one score a row, and their support (b,).

        What main and pair effects leave of the score is shared out, so that a row's attributions add up to its score
        minus the mean score; support is one minus the share of that rest: ``Σ|φ| / (Σ|φ| + |rest|)``.

        Parameters
        ----------
        x : Tensor of shape (b, p)
        score : Tensor of shape (b,)
        target : Tensor of shape (b,), or int
        changes : Changes, optional
            As from :meth:`near`.
        """
        phi = self.of_effects(x, target)
        if changes is not None:
            phi = changes.added_to(phi, target)
        total = (score.double() - self.mean_scores[target]).to(phi.dtype)
        return self.remainder.completed(phi, total, target)

    def of_effects(self, x: Tensor, target: Tensor | int) -> Tensor:
        """Shapley values (b, d) of main and pair effects, and of triples, but for constants.

        Parameters
        ----------
        x : Tensor of shape (b, p)
        target : Tensor of shape (b,), or int
        """
        if self.tables is None:
            return x.new_zeros(len(x), self.n_columns, dtype=torch.promote_types(x.dtype, torch.float32))
        phi = self.tables.attributions(x, target)
        if self.column is not None:
            phi = phi.new_zeros(len(x), self.n_columns).index_add_(1, self.column, phi)
        return phi if self.remainder.triples is None else self.remainder.triples.add_shapley_values(phi, x, target)
