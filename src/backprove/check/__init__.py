"""Somebody's backprop, judged: right, right for something else, or wrong, where, and why."""

from backprove.check.conclude import finding, together
from backprove.check.examination import NETWORKS, Examined, examine, examined, give_reasons, of_case
from backprove.check.subject import Seen, judged, see, strategy
from backprove.check.survey import Survey, weigh

__all__ = [
    "NETWORKS",
    "Examined",
    "Seen",
    "Survey",
    "examine",
    "examined",
    "finding",
    "give_reasons",
    "judged",
    "of_case",
    "see",
    "strategy",
    "together",
    "weigh",
]
