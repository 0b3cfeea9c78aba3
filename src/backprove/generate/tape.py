"""Choices and numbers read off a row of words, and the kinds of numbers that words stand for."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from backprove.case import MODULUS

Float = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
_T = TypeVar("_T")

SMALL = 2**8
ONE_BY_ONE = 16  # up to so many places, each is there or not by itself; beyond, the first few are


class Tape:
    """Choices and numbers read off a row of words, each at its own place."""

    def __init__(self, words: npt.NDArray[np.int64]) -> None:
        self.words, self.at = words, 0

    def choose(self, options: Sequence[_T]) -> _T:
        """One of the options; small words choose early ones."""
        return options[self.next() * len(options) >> 16]

    def some(self, most: int) -> Places:
        """Which of `most` places are taken, one at least; each by a word of its own, their number nearly uniform."""
        if most > ONE_BY_ONE:
            return np.arange(self.choose(range(1, most + 1)))
        level = 1 - self.next() / 2**16
        taken = np.flatnonzero(self.some_words(most) >= 2**16 * level**1.5)
        return taken if len(taken) else np.zeros(1, dtype=np.int64)

    def used(self, most: int) -> npt.NDArray[np.bool_]:
        """Which of `most` places are in use anywhere; nearly all are."""
        return self.some_words(most) >= 2**12 if most <= ONE_BY_ONE else np.ones(most, dtype=bool)

    def next(self) -> int:
        self.at += 1
        return int(self.words[self.at - 1])

    def some_words(self, count: int) -> npt.NDArray[np.int64]:
        self.at += count
        return self.words[self.at - count : self.at]

    def table(self, rows: Places, columns: Places, stride: int, start: int) -> npt.NDArray[np.int64]:
        """The words at start + row · stride + column."""
        places = start + rows[:, None] * stride + columns
        words: npt.NDArray[np.int64] = self.words[places % len(self.words)]
        return words


def _signed(n: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """0, 1, 2, 3, … as 0, 1, -1, 2, …"""
    return np.where(n % 2 == 1, (n + 1) // 2, -(n // 2))


# 1 first: a network of zeros shows nothing, so that is no place for shrinking to end.
SMALL_INTEGERS = np.array([1.0, 0, -1, 2, -2, 3, -3])


def _kind(large: Callable[[npt.NDArray[np.int64]], Float]) -> Callable[[npt.NDArray[np.int64]], Float]:
    """Numbers of one kind; words below SMALL are small integers in every kind."""

    def numbers(words: npt.NDArray[np.int64]) -> Float:
        return np.where(words < SMALL, SMALL_INTEGERS[words % 7], large(words))

    return numbers


integers = _kind(lambda words: SMALL_INTEGERS[words * 7 >> 16])
ordinary = _kind(lambda words: _signed(words) / 2.0**14)
tiny = _kind(lambda words: _signed(words) / 2.0**22)
saturating = _kind(lambda words: _signed(words) / 2.0**11)
sparse = _kind(lambda words: np.where(words < 2**15, 0, _signed(words)) / 2.0**14)


def residues(seed: Sequence[int]) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[Any]]:
    """Uniform elements of the field; the words do not choose them, a generator does."""
    random = np.random.default_rng(seed)
    return lambda words: random.integers(0, MODULUS, size=words.shape)
