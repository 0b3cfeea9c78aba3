"""Bad habits are found by experiment and named, and the gradient is judged all the same; a clean candidate has none."""

import sys
from pathlib import Path

import numpy as np
import pytest
from candidates import CASE, OTHER, candidate
from helpers import FLOAT32, FLOAT64, agree, radii, values

from backprove.candidate import HYGIENE
from backprove.candidate.hygiene import Heard, experiment
from backprove.engines import ENGINES

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX system")
TRUE = values(ENGINES["matrix"], CASE, FLOAT64)

# Planted code → ids and their lines.
HABITS = {
    "none": ({}, {}),
    # A generator, an error state and a thread of its own; state that does not tell; a warning of NumPy's.
    "what is no harm": (
        {
            "before": "calls = []",
            "first": "calls.append(np.random.default_rng(1).normal())\nwith np.errstate(over='warn'): np.exp(1e4)\n"
            "t = threading.Thread(target=int); t.start(); t.join()",
        },
        {},
    ),
    "overwrites": (
        {"last": "weights[1] -= 1; biases[0][0] = 0; inputs *= 2; targets[:] = 0"},
        {"mutates-arguments": "overwrites its arguments: weights[1], biases[0], inputs, targets"},
    ),
    "changes a list": (
        {"last": "weights.append(1); biases[0] = biases[0] + 1"},
        {"mutates-arguments": "overwrites its arguments: the list weights, the list biases"},
    ),
    "returns views": (
        {"last": "weights[0][:] = dW[0]; dW[0] = weights[0][::-1][::-1]"},
        {
            "mutates-arguments": "overwrites its arguments: weights[0]",
            "returns-alias": "returns arrays that share memory with its arguments: weights[0]",
        },
    ),
    "adds up": (
        {"before": "total = 0", "last": "global total\ntotal = total + db[0]; db[0] = total"},
        {"keeps-state": "keeps state between calls: the same input a second time gets another answer"},
    ),
    "works once": (
        {"before": "used = False", "first": "global used\nassert not used, 'again'\nused = True"},
        {
            "keeps-state": "keeps state between calls: the same input a second time raised AssertionError: again "
            "(mine.py:10)"
        },
    ),
    "tosses a coin": (
        {"last": "db[0] = db[0] + int.from_bytes(os.urandom(4), 'big')"},
        {"nondeterministic": "answers differently the second time on the same input"},
    ),
    "looks at the clock": (
        {"last": "db[0] = db[0] + time.perf_counter()"},
        {"nondeterministic": "answers differently the second time on the same input"},
    ),
    "asks for its process": (
        {"last": "db[0] = db[0] + os.getpid()"},
        {"nondeterministic": "answers differently the second time on the same input"},
    ),
    "draws": (
        {"last": "db[0] = db[0] + np.random.normal()"},
        {"uses-global-generator": "draws from NumPy's global generator, and its answer depends on it"},
    ),
    "draws from random": (
        {"first": "random.random()"},
        {"uses-global-generator": "draws from random's global generator"},
    ),
    "sets the seed": (
        {"first": "np.random.seed(1); np.random.normal()"},
        {"reseeds-global-generator": "sets the seed of NumPy's global generator"},
    ),
    "sets random's seed": (
        {"first": "random.seed(1)"},
        {"reseeds-global-generator": "sets the seed of random's global generator"},
    ),
    "changes the error state": (
        {"first": "np.seterr(all='ignore')"},
        {"changes-error-state": "changes NumPy's error state (np.seterr)"},
    ),
    "changes the error state when imported": (
        {"before": "np.seterr(over='raise')"},
        {"changes-error-state": "sets NumPy's error state when it is imported (np.seterr)"},
    ),
    "prints": ({"first": "print('loss', 1)"}, {"prints": "prints 'loss 1'"}),
    "complains": ({"first": "os.write(2, b'a\\tb\\x1b')"}, {"prints": "prints 'a b?'"}),
    "leaves a thread": (
        {"first": "threading.Thread(target=time.sleep, args=(99,), daemon=True).start()"},
        {"leaves-threads": "leaves threads running: 1"},
    ),
}


ANOTHER_ANSWER = {"tosses a coin", "looks at the clock", "asks for its process", "draws"}


@pytest.mark.parametrize("name", HABITS)
def test_habits_are_named(tmp_path: Path, name: str) -> None:
    planted, expected = HABITS[name]
    with candidate(tmp_path, **planted) as mine:
        answer = mine.gradients(CASE, probe=True)
    assert dict(zip(answer.hygiene, answer.notes, strict=True)) == expected
    assert set(expected) <= set(HYGIENE)
    assert answer.failure == ""
    assert answer.values is not None
    assert agree(FLOAT64, answer.values, TRUE, radii(CASE, FLOAT64)) == (name not in ANOTHER_ANSWER)


def test_without_a_probe_only_what_one_call_shows_is_named(tmp_path: Path) -> None:
    planted = "np.random.seed(1); inputs *= 2"
    with candidate(tmp_path, last=planted) as mine:
        assert mine.gradients(CASE).hygiene == ("mutates-arguments",)
        assert mine.gradients(CASE, probe=True).hygiene == ("mutates-arguments", "reseeds-global-generator")


def test_a_cache_that_is_never_refreshed_is_seen_on_another_case(tmp_path: Path) -> None:
    stale = "global kept\nkept = kept or (dW, db)\ndW, db = kept"
    with candidate(tmp_path, before="kept = None", last=stale) as mine:
        assert mine.gradients(CASE, probe=True).hygiene == ()
        answer = mine.gradients(OTHER, probe=True)
    assert answer.hygiene == ("keeps-state",)
    assert answer.notes == ("keeps state between calls: the answer depends on the calls before",)
    assert answer.values is not None
    # Which of the probes' calls filled the cache is not said: that of float64 or of float32.
    domain = FLOAT64 if answer.values.dtype == np.float64 else FLOAT32
    assert agree(domain, answer.values, TRUE.astype(answer.values.dtype), radii(CASE, domain))


def test_state_in_another_module_is_seen(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("seen = []\n", encoding="utf-8")
    last = "beside.seen.append(1); db[0] = db[0] + len(beside.seen)"
    with candidate(tmp_path, before="import beside", last=last) as mine:
        assert mine.gradients(CASE, probe=True).hygiene == ("keeps-state",)


def test_the_order_of_sets_is_no_chance(tmp_path: Path) -> None:
    last = "db[0] = db[0] + list({str(i) for i in range(99)}).index('7')"
    with candidate(tmp_path, last=last) as mine:
        assert mine.gradients(CASE, probe=True).hygiene == ()


FORMS = {
    "float32": ("dW = [w.astype(np.float32) for w in dW]", "returns-float32", "float32"),
    "long doubles": ("dW[1] = dW[1].astype(np.longdouble)", "returns-long-double", "float64"),
    "bias columns": ("db = [b[:, None] for b in db]", "bias-column", "float64"),
    "transposed": ("dW = [w.T for w in dW]", "weights-transposed", "float64"),
}


@pytest.mark.parametrize(("last", "name", "precision"), FORMS.values(), ids=FORMS)
def test_forms_are_named_and_read(tmp_path: Path, last: str, name: str, precision: str) -> None:
    with candidate(tmp_path, last=last) as mine:
        answer = mine.gradients(CASE)
    assert answer.hygiene == (name,)
    assert answer.precision == precision
    assert answer.values is not None
    assert answer.values.dtype == np.float64
    gradient = answer.gradient(CASE)
    assert gradient.weights[0].dtype == precision
    assert [W.shape for W in gradient.weights] == [(2, 3), (2, 2)]
    domain = FLOAT32 if precision == "float32" else FLOAT64
    assert agree(domain, answer.values.astype(precision), values(ENGINES["matrix"], CASE, domain), radii(CASE, domain))


def test_an_answer_without_values_has_no_gradient(tmp_path: Path) -> None:
    with candidate(tmp_path, last="dW[0] = None") as mine:
        answer = mine.gradients(CASE)
    assert (answer.kind, answer.failure) == ("None", "returned None for weights[0]")
    with pytest.raises(ValueError, match="no gradient: returned None"):
        answer.gradient(CASE)


def heard(values: bytes, **rest: object) -> Heard:
    return Heard(values=values, **rest)  # type: ignore[arg-type]


A, B, C = (heard(x) for x in (b"a", b"b", b"c"))


@pytest.mark.parametrize(
    ("first", "again", "fresh", "expected"),
    [
        (A, A, [(A, A)], []),
        (A, B, [(A, B), (A, B)], ["keeps-state"]),
        (A, A, [(B, B), (B, B)], ["keeps-state"]),
        (A, B, [(A, A), (A, A)], ["keeps-state"]),
        (A, B, [(A, B), (A, C)], ["nondeterministic"]),
        (A, A, [(B, B), (C, C)], ["nondeterministic"]),
        (A, A, [(A, B), (A, A)], ["nondeterministic"]),
        (A, heard(b"", failure="raised X", kind="raised X"), [(A, A), (A, A)], ["keeps-state"]),
    ],
)
def test_state_is_what_history_explains_and_chance_the_rest(
    first: Heard, again: Heard, fresh: list[tuple[Heard, Heard]], expected: list[str]
) -> None:
    assert list(experiment(first, lambda seed: again, iter(fresh).__next__)) == expected


def test_a_clean_candidate_starts_one_process_for_a_probe() -> None:
    started = []

    def afresh() -> tuple[Heard, Heard]:
        started.append(1)
        return A, A

    assert experiment(A, lambda seed: A, afresh) == {}
    assert len(started) == 1
