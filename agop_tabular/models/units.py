"""What is explained of a model: its scores as they are, in contrast, or as probabilities; and what they are called."""

from __future__ import annotations

from collections.abc import Sequence

from agop_tabular.models.adapter import Adapter
from agop_tabular.models.targets import Scored

RAW, PROBABILITY = "raw", "probability"
"""What is explained of a model: its scores, or the probabilities that they stand for."""


def contrast_factor(adapter: Adapter, contrast: bool | None, output: str = RAW) -> float:
    """Factor of a score minus the mean over classes, 0 where scores are not taken in contrast.

    In contrast a class's score is compared with the mean of the others': s_t minus that is C / (C - 1) times s_t minus
    the mean of all. A single logit s is the log-odds already: the scores (0, s) have the contrasts (-s, s), and so have
    (-s, s), as which it is kept, with the factor 1.

    Parameters
    ----------
    adapter : Adapter
        Confirmed.
    contrast : bool or None
        None for wherever there are several classes.
    output : {"raw", "probability"}
        Probabilities are not taken in contrast.

    Raises
    ------
    ValueError
        Where there are no scores to compare, or no probabilities.
    """
    n = adapter.n_scores
    if output == PROBABILITY:
        if adapter.classes is None and not adapter.independent:
            raise ValueError(
                'model_output="probability" explains probabilities of classes, and this model has none: it is a '
                'regressor, or says by no classes_ that its outputs are scores of classes; leave model_output="raw".'
            )
        return 0.0
    if contrast is None:
        contrast = adapter.classes is not None and n > 1
    if contrast and n < 2:
        raise ValueError("contrast=True needs at least two scores to compare; the model has one output.")
    if not (contrast or adapter.contrast_only):
        return 0.0
    return 1.0 if adapter.one_logit or n < 2 else n / (n - 1)


def score_names(
    scored: Scored, class_names: Sequence[str] | None = None, output_name: str | None = None
) -> tuple[str, ...]:
    """Names of the scores: the classes, or the outputs.

    Parameters
    ----------
    scored : Adapter or ExplainedModel
        Whose scores they are.
    class_names : sequence of str, optional
        In the place of the labels of classes, or of the numbers of several outputs.
    output_name : str, optional
        Of the one output, or of what several outputs are.

    Raises
    ------
    ValueError
        Where names are given for other scores than there are.
    """
    n = scored.n_scores
    if class_names is not None and n == 1:
        raise ValueError("class_names= names classes, and the model has one output; output_name= names it.")
    if class_names is not None and len(class_names) != n:
        raise ValueError(f"class_names= has {len(class_names)} names for the model's {n} scores; give one for each.")
    if output_name is not None and scored.classes is not None:
        raise ValueError(
            "output_name= names the output of a model without classes, and this model's scores are those of classes; "
            "class_names= names them."
        )
    if class_names is not None:
        return tuple(map(str, class_names))
    if scored.classes is not None:
        return tuple(str(c) for c in scored.classes)
    name = "output" if output_name is None else str(output_name)
    return (name,) if n == 1 else tuple(f"{name} {i}" for i in range(n))


def check_output(output: object, contrast: object) -> None:
    """Raise if ``model_output`` is neither of its values, or ``contrast`` is set where probabilities are explained.

    Raises
    ------
    ValueError
    """
    if not isinstance(output, str) or output not in (RAW, PROBABILITY):
        raise ValueError(f'model_output={output!r} is not "raw" or "probability".')
    if output == PROBABILITY and not isinstance(contrast, str) and contrast:
        raise ValueError(
            'contrast=True compares scores, and model_output="probability" explains probabilities: leave contrast at '
            '"auto", or model_output at "raw".'
        )


def check_names(class_names: object, output_name: object) -> None:
    """Raise if names of scores are no text, or not different from each other.

    Raises
    ------
    ValueError
    """
    if output_name is not None and (not isinstance(output_name, str) or not output_name):
        raise ValueError(f"output_name={output_name!r} is not None or text.")
    if class_names is None:
        return
    listed = class_names.tolist() if hasattr(class_names, "tolist") else class_names
    if not isinstance(listed, (list, tuple)) or not all(isinstance(name, str) and name for name in listed):
        raise ValueError(f"class_names={class_names!r} is not None or a list of text, a name for each class.")
    if len(set(listed)) < len(listed):
        raise ValueError(f"class_names={class_names!r} has the same name twice; give each class its own.")
