"""One assertion: somebody's backprop has the gradient that backprove's three engines agree on."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import hypothesis
from hypothesis.control import current_build_context

from backprove.candidate import Declaration, Local, declared
from backprove.case import Case
from backprove.check import Seen, Survey, examined, judged, weigh
from backprove.errors import BackproveError
from backprove.testing.networks import said
from backprove.testing.reasons import Given, explained, remember
from backprove.testing.screen import at_once, screen, spec_of
from backprove.testing.tally import ASKED, TALLY, Tally
from backprove.verdict import Verdict

NETWORKS = 60

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


def _on_given(subject: Local | Given, case: Case, place: str) -> BaseException | None:
    """What to raise about one network."""
    __tracebackhide__ = True
    answer = subject.gradients(case)
    if isinstance(subject, Local) and subject.error is not None and not isinstance(subject.error, ArithmeticError):
        return subject.error
    with _untraced():
        survey = Survey([judged(answer, case, subject.spec)])
        if survey.verdict is not Verdict.AGREE:
            weigh(subject, survey)
    seen = survey.seen[0]
    remember(place, seen)
    _count([seen])
    if seen.verdict is Verdict.AGREE:
        return None
    if seen.verdict is Verdict.UNDECIDED and hypothesis.currently_in_test_context():
        hypothesis.reject()
    if hypothesis.currently_in_test_context() and not getattr(current_build_context(), "is_final", True):
        return GradientMismatch(at_once(subject.spec, case))  # of many that nobody sees, and reasons take their time
    return GradientMismatch(screen(explained(subject, seen, place)))


@contextlib.contextmanager
def _untraced() -> Iterator[None]:
    """Our own lines are not what coverage, or Hypothesis where it looks for lines to blame, is after; that is slow."""
    trace = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(trace)


def _on_drawn(subject: Local | Given, networks: int | None, seed: int | None) -> BaseException | None:
    """What to raise about networks drawn here."""
    __tracebackhide__ = True
    count = networks or ASKED.networks or NETWORKS
    try:
        found = examined(subject, networks=count, seed=seed if seed is not None else ASKED.seed or 0)
    except BackproveError as error:
        return ValueError(said(error))
    _count(found.survey.every)
    if found.verdict is Verdict.AGREE:
        return None
    return GradientMismatch(screen(found))


def _count(seen: list[Seen]) -> None:
    for one in seen:
        agrees = one.verdict is Verdict.AGREE and one.weakness is None
        TALLY.add(
            Tally(
                networks=1,
                entries=int(one.comparison.compared.sum()),
                worst=one.comparison.worst_fraction if agrees else 0.0,
                undecided=one.verdict is Verdict.UNDECIDED,
                weak=one.verdict is Verdict.AGREE and one.weakness is not None,
            )
        )
