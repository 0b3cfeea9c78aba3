"""The three verdicts. Their values are the exit codes (as `diff` has them; 2 is trouble)."""

from collections.abc import Iterable
from enum import IntEnum


class Verdict(IntEnum):
    """The three verdicts; as numbers they are exit codes.

    >>> from backprove import Verdict
    >>> Verdict.of([Verdict.AGREE, Verdict.UNDECIDED]).name
    'UNDECIDED'
    """

    AGREE = 0
    DISAGREE = 1
    UNDECIDED = 3

    @classmethod
    def of(cls, parts: Iterable[int]) -> "Verdict":
        """The verdict on a whole: one disagreement decides it, one undecided part leaves it open."""
        seen = set(parts)
        if cls.DISAGREE in seen:
            return cls.DISAGREE
        return cls.UNDECIDED if cls.UNDECIDED in seen else cls.AGREE
