"""One assertion: somebody's backprop has the gradient that backprove's three engines agree on."""

import contextlib
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import hypothesis
from hypothesis.control import current_build_context

from backprove.candidate import Answer, Declaration, Local, declared
from backprove.case import Case
from backprove.check import Seen, Survey, examined, judged, weigh
from backprove.errors import BackproveError
from backprove.testing.networks import said
from backprove.testing.reasons import Given, Place, explained, in_single, place_of
from backprove.testing.screen import at_once, screen, spec_of, turned
from backprove.testing.tally import ASKED, TALLY, Tally
from backprove.verdict import Verdict

NETWORKS = 60
PROBED = 3  # networks of a place, the first, on which a function is asked twice
TURNED = "weights-transposed"

Gradients = Callable[..., Any]


class GradientMismatch(AssertionError):
    """Its text is the screen that `backprove check` shows: where, on how small a network, and why."""

    __module__ = "backprove.testing"


def assert_same_gradient(
    gradients: Gradients | tuple[Any, Any],
    case: Case | None = None,
    *,
    networks: int | None = None,
    seed: int | None = None,
    **problem: Any,
) -> None:
    """Assert that a backprop is right, within the rounding that is derived for every entry.

    gradients   a function `(weights, biases, inputs, targets) -> (weight gradients, bias gradients)`, as `backprove
                check` takes it: weights[l] (n_l, n_{l-1}), biases[l] (n_l,) or None, one sample a row; or the two lists
                that it gave for `case`
    case        the network to ask it about, such as Hypothesis draws with `cases()`; it says what is minimised. Without
                one, `networks` networks are drawn here (60, or what `--backprove-networks` says) from `seed` (0, or
                what `--hypothesis-seed` says), and a few of them once more with units driven into saturation
    problem     what is minimised, and in which layout arguments are taken, in the words of `BACKPROVE`; what is
                not said is taken from `BACKPROVE` in the function's own file, or inferred from its numbers

    The gradients must have the shapes of the weights: that they come back transposed, which `check` names, fails here.
    Within `@given`, a network that shows nothing (at a kink between two conventions, or beyond the range of float64) is
    rejected like one that `assume` turns down; elsewhere that fails. What the function raises passes through, but for
    what its arithmetic raises on extreme numbers, which counts as digits lost.

    Raises GradientMismatch (an AssertionError); ValueError, in one line, for a problem that is none or not the case's.

    >>> import backprove
    >>> from backprove.testing import assert_same_gradient
    >>> case = backprove.Case([backprove.Layer([[2.0]])], inputs=[[3.0]], targets=[[5.0]])
    >>> assert_same_gradient(([[[6.0]]], [None]), case)  # a = 2 · 3, C = (a - 5)², dC/dw = 2 (a - 5) 3
    """
    __tracebackhide__ = True
    subject = _subject(gradients, case, problem)
    if case is None:
        raised = _on_drawn(subject, networks, seed)
    else:
        raised = _on_given(subject, case, f"{_place(sys._getframe(1))} {subject.spec}")
    if raised is not None:
        raise raised


def _place(frame: Any) -> str:
    """Where the assertion stands and in which test: networks met there before belong together."""
    return f"{os.environ.get('PYTEST_CURRENT_TEST', '')} {frame.f_code.co_filename}:{frame.f_lineno}"


def _subject(gradients: Gradients | tuple[Any, Any], case: Case | None, problem: Mapping[str, Any]) -> Local | Given:
    if case is not None and not isinstance(case, Case):
        raise ValueError(f"case: expected a Case, got {type(case).__name__}")
    own = getattr(gradients, "__globals__", {})
    name = getattr(gradients, "__name__", "")
    try:
        declaration = declared(own, {}, function=name)
        declaration = declared({"BACKPROVE": {**_given(declaration), **problem}}, {}, file="assert_same_gradient()")
    except BackproveError as error:
        raise ValueError(said(error)) from None
    if case is not None and (why := _unlike(declaration, case)):
        raise ValueError(f"case: {why}")
    if callable(gradients):
        return Local(gradients, declaration, spec=spec_of(gradients))
    if case is None:
        raise ValueError("gradients: a function is needed where no case is given")
    return Given(gradients, case, declaration)


def _given(declaration: Declaration) -> dict[str, Any]:
    return {key: value for key, value in vars(declaration).items() if value is not None}


def _unlike(d: Declaration, case: Case) -> str:
    """Why the case is not about what is declared, or ""."""
    if case.modulus is not None:
        return "its numbers are residues; a backprop in float64 cannot take them"
    if why := d.unfit(case):
        return f"the function {why}"
    have = (case.loss.name, case.loss.scale, case.reduction, tuple(layer.activation for layer in case.layers))
    wanted = (d.loss, d.loss_scale, d.reduction, d.activations_of(len(case.layers)))
    for name, is_, declared_ in zip(("loss", "loss_scale", "reduction", "activations"), have, wanted, strict=True):
        if declared_ is not None and is_ != declared_:
            return f"its {name} is {_words(is_)}, and that of the function {_words(declared_)}; draw cases(**BACKPROVE)"
    return ""


def _words(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _on_given(subject: Local | Given, case: Case, name: str) -> BaseException | None:
    """What to raise about one network."""
    __tracebackhide__ = True
    place = place_of(name)
    answer = subject.gradients(case, probe=len(place.met) < PROBED)
    if isinstance(subject, Local) and subject.error is not None and not isinstance(subject.error, ArithmeticError):
        return subject.error
    with _off_the_clock():
        return _judged(subject, answer, case, place)


def _judged(subject: Local | Given, answer: Answer, case: Case, place: Place) -> BaseException | None:
    drawn = hypothesis.currently_in_test_context()
    if place.single:
        answer = replace(answer, precision="float32")
    seen = judged(answer, case, subject.spec)
    # Once it is known to be wrong, nothing excuses a difference: shrinking stays with what it began with, and is fast.
    if seen.verdict is not Verdict.AGREE and not (drawn and place.wrong):
        if not place.unsteady and seen.answer.values is not None:
            place.unsteady = "nondeterministic" in subject.gradients(case, probe=True).hygiene
        seen = seen if place.unsteady else _weighed(subject, seen, place)
        if seen.wrong and not place.unsteady and in_single(subject, seen, place):
            seen = judged(replace(seen.answer, precision="float32"), seen.case, subject.spec)
    place.remember(seen)
    _count([seen], weak=bool(place.single))
    if seen.verdict is Verdict.AGREE:
        return GradientMismatch(turned(subject.spec, seen)) if TURNED in seen.answer.hygiene else None
    if seen.verdict is Verdict.UNDECIDED and drawn:
        hypothesis.reject()
    if drawn and not getattr(current_build_context(), "is_final", True):  # one of many that nobody sees
        return GradientMismatch(at_once(subject.spec, case))
    return GradientMismatch(screen(explained(subject, seen, place)))


def _weighed(subject: Local | Given, seen: Seen, place: Place) -> Seen:
    survey = Survey([seen])
    weigh(subject, survey)
    place.single = survey.single or place.single
    return survey.seen[0]


@contextlib.contextmanager
def _off_the_clock() -> Iterator[None]:
    """Our own work is none of the test's: no deadline counts it, and neither coverage nor Hypothesis, where it looks
    for lines to blame, is after it.
    """
    trace, started = sys.gettrace(), time.perf_counter()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(trace)
        # As what it takes off the clock beside draws, which must not be slow; no example, or another version: no clock.
        with contextlib.suppress(hypothesis.errors.InvalidArgument, AttributeError, KeyError, TypeError):
            current_build_context().data._stateful_run_times["backprove"] += time.perf_counter() - started


def _blame_no_lines_of_ours() -> None:
    """Hypothesis lists the lines that only failing examples run; those of this package help nobody."""
    with contextlib.suppress(ImportError, AttributeError):
        from hypothesis.internal import scrutineer

        ours = f"{os.path.dirname(os.path.dirname(__file__))}/**".replace(os.sep, "/")
        if ours not in scrutineer.UNHELPFUL_LOCATIONS:
            scrutineer.UNHELPFUL_LOCATIONS = (*scrutineer.UNHELPFUL_LOCATIONS, ours)  # type: ignore[assignment]


_blame_no_lines_of_ours()


def _on_drawn(subject: Local | Given, networks: int | None, seed: int | None) -> BaseException | None:
    """What to raise about networks drawn here."""
    __tracebackhide__ = True
    for name, number, least in (("networks", networks, 1), ("seed", seed, -math.inf)):
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < least):
            return ValueError(f"{name}: expected a whole number{' of at least 1' * (least == 1)}, got {number!r}")
    if hypothesis.currently_in_test_context():
        return ValueError("case: is needed within a property test, which draws it: @given(cases(…))")
    count = networks or ASKED.networks or NETWORKS
    try:
        found = examined(subject, networks=count, seed=seed if seed is not None else ASKED.seed or 0)
    except BackproveError as error:
        return ValueError(said(error))
    _count(found.survey.every)
    if found.verdict is Verdict.AGREE:
        first = next((one for one in found.survey.seen if TURNED in one.answer.hygiene), None)
        return None if first is None else GradientMismatch(turned(subject.spec, first))
    return GradientMismatch(screen(found))


def _count(seen: list[Seen], *, weak: bool = False) -> None:
    for one in seen:
        agrees = one.verdict is Verdict.AGREE and one.weakness is None
        TALLY.add(
            Tally(
                networks=1,
                entries=int(one.comparison.compared.sum()),
                worst=one.comparison.worst_fraction if agrees else 0.0,
                undecided=one.verdict is Verdict.UNDECIDED,
                weak=one.verdict is Verdict.AGREE and (weak or one.weakness is not None),
            )
        )
