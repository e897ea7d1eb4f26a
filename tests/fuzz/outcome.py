"""What may become of a case, and by what it is told."""

import sys
import traceback
import warnings
from contextlib import contextmanager

RIGHT, REFUSED, FAULT = "right", "refused", "fault"

REFUSALS = (ValueError, TypeError, AttributeError)  # NotFittedError is both a ValueError and an AttributeError

OWN = "agop_tabular"

SPEAK_FOR_THEMSELVES = ("sklearn", "skorch")
"""Libraries whose own sentences reach the user: they were asked by the user's estimator, or check the table."""


OF_THE_ESTIMATOR = ("unknown categories", "is not writable")
"""Warnings that the user's own OneHotEncoder, or skorch's predict of a frame, gives without the package as well."""


class Fault(AssertionError):
    """The product did something that it must not do."""


class Refused(Exception):
    """The product refused, in a sentence of its own."""


def origin(error):
    """Top package of the line that raised an error."""
    frame = traceback.extract_tb(error.__traceback__)[-1].filename.replace("\\", "/")
    for name in (OWN, *SPEAK_FOR_THEMSELVES):
        if f"/{name}/" in frame:
            return name
    return frame


@contextmanager
def calling(what):
    """Context of a call of the product: refusals and faults are told apart, and warnings that are nobody's business."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield caught
        except Exception as error:
            where, message = origin(error), str(error)
            if not isinstance(error, REFUSALS) or where not in (OWN, *SPEAK_FOR_THEMSELVES):
                raise Fault(f"{what}: {type(error).__name__} from {where}: {message[:300]}") from error
            if where == OWN and not is_sentence(message):
                raise Fault(f"{what}: no sentence: {message[:300]!r}") from error
            raise Refused(f"{what}: {message}") from error
    for warning in caught:
        if not is_meant(warning):
            raise Fault(f"{what}: {warning.category.__name__} from {warning.filename}: {warning.message}")


def is_sentence(message):
    """Whether a message reads as one: some words, and an end."""
    return len(message.split()) >= 4 and message.rstrip().endswith((".", "?", "!", ")"))


def is_meant(warning):
    """Whether a warning was meant for the user: by the package, at the user's line, or of a library's future."""
    if issubclass(warning.category, (DeprecationWarning, PendingDeprecationWarning, FutureWarning)):
        return True
    if any(said in str(warning.message) for said in OF_THE_ESTIMATOR):
        return True
    here = sys.modules["fuzz.outcome"].__file__.rpartition("/")[0]
    return warning.category is UserWarning and warning.filename.startswith(here)
