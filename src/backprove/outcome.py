"""An engine's answer, read: its flat gradient, or why there is none."""

import os
import traceback
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from backprove.case import Case, Gradient, blocks
from backprove.domains import Array, Domain
from backprove.engines import Engine
from backprove.errors import NotInDomain, Undecidable

HERE = os.path.dirname(__file__)
CALLERS = (HERE, *(os.path.join(HERE, room) for room in ("candidate", "testing")))
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Outcome:
    """What came of one engine on one case: its flat gradient, or why there is none.

    `values` (case.entries,). `failure` is one line and `kind` the sort of failure; `refused` says that the domain lacks
    what the engine needs (not covered, no failure); `undecided` that the domain could not tell. `covered` None means
    every entry. `blur`: by how much each value may be off because of how it was handed over, beside the rounding of its
    gradient; None: not.
    """

    values: Array | None = None
    gradient: Gradient | None = None
    covered: Mask | None = None
    said: str = ""
    failure: str = ""
    kind: str = ""
    traceback: str = ""
    refused: str = ""
    undecided: str = ""
    blur: Array | None = None


def run(engine: Engine, case: Case, domain: Domain) -> Outcome:
    """Run an engine and read what it hands back. Whatever it raises or returns becomes an Outcome."""
    try:
        if case.modulus not in (None, domain.modulus):
            raise NotInDomain(domain.name, "residues, which the numbers of this case are")
        with np.errstate(all="ignore"), domain.context():
            result = engine(case, domain)
    except NotInDomain as refusal:
        return Outcome(refused=str(refusal))
    except Undecidable as doubt:
        return Outcome(undecided=doubt.what)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too, and whatever a stranger derives from BaseException
        return _failed(f"raised {_one_line(error)}", f"raised {type(error).__name__}", _its_traceback(error))
    try:
        return _read(result, case, domain)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # arrays of a stranger's class may do anything when they are read
        return _failed(f"returned what cannot be read: {_one_line(error)}", "unreadable", _its_traceback(error))


def _failed(failure: str, kind: str, its_traceback: str = "") -> Outcome:
    return Outcome(failure=failure, kind=kind, traceback=its_traceback)


def _its_traceback(error: BaseException) -> str:
    """The traceback of the engine's own code: without the frame that called it."""
    try:
        return "".join(traceback.format_exception(type(error), error, _own_frames(error)))
    except Exception:
        return ""


def _own_frames(error: BaseException) -> TracebackType | None:
    """The frames below those of this project that called the engine."""
    tb = error.__traceback__
    while tb is not None and os.path.dirname(tb.tb_frame.f_code.co_filename) in CALLERS:
        tb = tb.tb_next
    return tb


def _one_line(error: BaseException) -> str:
    """What was raised and where: the innermost line of the file that the engine itself is in."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = "an exception whose text cannot be had"
    line = f"{type(error).__name__}: {text}" if text else type(error).__name__
    line = line if len(line) <= 200 else line[:197] + "..."
    frames = traceback.extract_tb(_own_frames(error))
    own = [f for f in frames if f.filename == frames[0].filename]
    return f"{line} ({os.path.basename(own[-1].filename)}:{own[-1].lineno})" if own else line


def _read(result: Any, case: Case, domain: Domain) -> Outcome:
    if result is None:
        return _failed("returned None", "None")
    gradient = result
    if not isinstance(result, Gradient):
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            return _failed(f"returned {type(result).__name__}, not a Gradient or (weights, biases)", "type")
        gradient = Gradient(*result)
    parts, masks = [], []
    L = len(case.layers)
    for name, values in (("weights", gradient.weights), ("biases", gradient.biases)):
        if not hasattr(values, "__len__") or len(values) != L:
            have = len(values) if hasattr(values, "__len__") else type(values).__name__
            return _failed(f"returned {have} {name} for {L} layers", "layers")
    for l, layer in enumerate(case.layers):
        if layer.bias is None and gradient.biases[l] is not None:
            return _failed(f"returned a gradient for biases[{l}], which the network does not have", "layers")
    expanded = gradient.expanded
    for l, kind, shape, _ in blocks(case):
        where = f"{'weights' if kind == 'W' else 'biases'}[{l - 1}]"
        block = (gradient.weights if kind == "W" else gradient.biases)[l - 1]
        if block is None:
            return _failed(f"returned None for {where}", "None")
        try:
            array = domain.own(block)
        except TypeError as error:
            return _failed(f"returned {where} as {' '.join(str(error).split())}", "numbers")
        except ValueError:
            return _failed(f"returned {where} as ragged lists, not of shape {shape}", "shape")
        if array.shape != shape:
            return _failed(f"returned {where} of shape {array.shape}, not {shape}", "shape")
        parts.append(array.ravel())
        if expanded is not None:
            mask = np.asarray((expanded.weights if kind == "W" else expanded.biases)[l - 1])
            if mask.shape != shape or mask.dtype != bool:
                return _failed(f"returned a mask for {where} of shape {mask.shape}, not {shape}", "shape")
            masks.append(mask.ravel())
    covered = np.concatenate(masks) if masks else None
    return Outcome(np.concatenate(parts), gradient, covered, expanded.said if expanded else "")
