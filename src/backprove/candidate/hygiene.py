"""Habits that are no mistake in a gradient, each with its id; and the experiments that find those between calls."""

from collections.abc import Callable
from dataclasses import dataclass, field

HYGIENE: dict[str, str] = {
    "bare-array": "returns an array where a list of one array a layer is expected",
    "bias-axes": "returns a bias with axes of length 1 too many or too few",
    "bias-column": "returns a bias as a column, (n, 1) for (n,)",
    "bias-number": "returns one number for the biases of a whole layer",
    "bias-row": "returns a bias as a row, (1, n) for (n,)",
    "changes-error-state": "changes how NumPy answers overflow and division by zero, for everybody (np.seterr)",
    "differs-when-saturated": "gives other numbers where units are saturated, as a clip does; too small to matter",
    "ends-afterwards": "its process ends by itself after an answer",
    "keeps-state": "remembers earlier calls: the answer depends on them",
    "leaves-processes": "leaves processes running",
    "leaves-threads": "leaves threads running",
    "loses-precision": "a right formula that loses more digits than it must",
    "mutates-arguments": "overwrites its arguments",
    "nondeterministic": "answers differently the second time, on the same input and the same seeds",
    "overflows": "a right formula that gives nan or infinity where the gradient is finite",
    "pairs": "returns one pair of gradients a layer",
    "prints": "prints",
    "reseeds-global-generator": "sets the seed of the global random generator, for everybody",
    "returns-alias": "returns arrays that share memory with its arguments",
    "returns-float32": "returns float32; a fact, not a fault",
    "returns-integers": "returns integers",
    "returns-long-double": "returns long doubles; a fact, not a fault",
    "returns-nan": "returns nan or infinity where the gradient is finite",
    "uses-global-generator": "draws from the global random generator",
    "weights-axes": "returns weights with axes of length 1 too many or too few",
    "weights-flattened": "returns weights flattened into one row",
    "weights-transposed": "returns weights transposed",
}


@dataclass(frozen=True)
class Heard:
    """One call as the host heard it.

    `values` are the bytes of the flat gradient; `generators` name → (state before, state after), digests, of a probed
    call; `odd` hygiene id → a line; `learning_rate` as in Answer. `lost`: the process is gone.
    """

    values: bytes | None = None
    precision: str = "float64"
    odd: dict[str, str] = field(default_factory=dict)
    generators: dict[str, tuple[str, str]] = field(default_factory=dict)
    failure: str = ""
    kind: str = ""
    traceback: str = ""
    output: str = ""
    lost: bool = False
    learning_rate: float | None = None

    def same(self, other: "Heard") -> bool:
        """Bit for bit; two failures of a kind are the same too."""
        return (self.values, self.kind) == (other.values, other.kind)


SEED, OTHER_SEED = 20250, 52021


def experiment(
    first: Heard, again: Callable[[int], Heard], afresh: Callable[[], tuple[Heard, Heard]]
) -> dict[str, str]:
    """What repeating a call shows (hygiene id → a line), the first one having been made with SEED.

    `again(seed)` is the same call in the same process; `afresh()` the same call twice, with SEED, in a new process.
    An answer that history explains, the same in every process with that history, is state; any other is chance.
    """
    second = again(SEED)
    third = second if second.lost else again(OTHER_SEED)
    found = _generators(first, third)
    if found and not second.same(third):
        found = {name: f"{line}, and its answer depends on it" for name, line in found.items()}
    new = afresh()
    if first.same(second) and first.same(new[0]) and first.same(new[1]):
        return found
    other = afresh()
    if not (new[0].same(other[0]) and new[1].same(other[1])):
        return found | {"nondeterministic": "answers differently the second time on the same input"}
    if not new[0].same(new[1]) or not first.same(second):
        line = "keeps state between calls: the same input a second time gets another answer"
        if second.failure and not first.failure:
            line = f"keeps state between calls: the same input a second time {second.failure}"
        return found | {"keeps-state": line}
    return found | {"keeps-state": "keeps state between calls: the answer depends on the calls before"}


def _generators(first: Heard, third: Heard) -> dict[str, str]:
    """Which global generators two calls with unlike seeds have used or set."""
    found = {}
    for name, (before, after) in first.generators.items():
        other_before, other_after = third.generators.get(name, ("", ""))
        if not third.generators or (before == after and other_before == other_after):
            continue
        if after == other_after:
            found["reseeds-global-generator"] = f"sets the seed of {name}'s global generator"
        else:
            found["uses-global-generator"] = f"draws from {name}'s global generator"
    return found
