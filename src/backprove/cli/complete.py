"""What a shell may put behind an option: the names that it takes. Each list is looked up when the shell asks."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

Complete = Callable[[str], list[str]]


def one_of(names: Callable[[], Iterable[str]]) -> Complete:
    """Completes to a single name."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names() if name.startswith(incomplete)]

    return complete


def some_of(names: Callable[[], Iterable[str]]) -> Complete:
    """Completes the last of several names, with , or / between them; after a comma no name comes twice."""

    def complete(incomplete: str) -> list[str]:
        found = re.fullmatch(r"(.*[,/])?([^,/]*)", incomplete)
        before, begun = (found[1] or "", found[2]) if found else ("", incomplete)
        given = () if before.endswith("/") else re.split("[,/]", before)
        return [before + name for name in names() if name.startswith(begun) and name not in given]

    return complete


def _activations() -> Iterable[str]:
    from backprove.case import ACTIVATIONS

    return ACTIVATIONS


def _losses() -> Iterable[str]:
    from backprove.case import LOSSES

    return LOSSES


def _reductions() -> Iterable[str]:
    from backprove.case import REDUCTIONS

    return REDUCTIONS


def _layouts() -> Iterable[str]:
    from backprove.case import LAYOUTS

    return LAYOUTS


def _domains() -> Iterable[str]:
    from backprove.domains import DOMAINS

    return DOMAINS


def _engines() -> Iterable[str]:
    from backprove.engines import ENGINES

    return ENGINES


def _foreign() -> Iterable[str]:
    from backprove.autodiff import AUTODIFF
    from backprove.formulations import FORMULATIONS

    readings = (name for name in FORMULATIONS if " " not in name)  # a shell would take it apart
    return (*AUTODIFF, *_files("*.py"), *readings)


def _formulations() -> Iterable[str]:
    from backprove.formulations import GALLERY

    return (row.id for row in GALLERY)


def _recorded() -> Iterable[str]:
    from backprove.campaign.replay import FOLDER

    return (*sorted(file.stem for file in FOLDER.glob("*.json")), *_files("*.json"))


def _files(pattern: str) -> list[str]:
    return sorted(file.name for file in Path().glob(pattern) if file.name.isprintable())


activations, losses, domains, engines = map(some_of, (_activations, _losses, _domains, _engines))
loss, reduction, layout, foreign, formulation, recorded = map(
    one_of, (_losses, _reductions, _layouts, _foreign, _formulations, _recorded)
)
