"""Colours that colour-blind readers tell apart: those of Okabe and Ito (https://jfly.uni-koeln.de/color/)."""

RAISES, LOWERS = "#d55e00", "#0072b2"
"""Vermillion raises a score, or is a high value; blue lowers it, or is a low one."""

GREY, DARK, PALE = "#8c8c8c", "#4d4d4d", "#b3b3b3"
"""What has no sign; dots that no value colours; lines behind, and the middle of the scale of values."""

SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#8c8c8c")
"""Classes, groups or models, one after the other."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
"""A second sign of the same, for prints without colour."""
