"""What the assertions of a test run have compared, and what the run is asked to draw. Imports next to nothing."""

from dataclasses import dataclass, fields


@dataclass
class Tally:
    """Running counts over all networks that assertions have compared in this process."""

    networks: int = 0
    entries: int = 0
    worst: float = 0.0
    """The largest difference, as a fraction of its rounding bound, over entries that agree; of the counts so far."""
    undecided: int = 0
    """Networks that show nothing: at kinks, beyond the range of the numbers, without a value of the loss."""
    weak: int = 0
    """Networks on which a right formula lost digits."""

    def add(self, other: "Tally") -> None:
        for f in fields(self):
            mine, its = getattr(self, f.name), getattr(other, f.name)
            setattr(self, f.name, max(mine, its) if f.name == "worst" else mine + its)

    def said(self) -> str:
        """`1,234 networks, 5,678 entries; the largest difference takes up 0.36 of the bound`."""
        line = f"{_count(self.networks, 'network')}, {self.entries:,} {'entry' if self.entries == 1 else 'entries'}"
        line += f"; the largest difference takes up {self.worst:.2g} of the bound" if self.entries else ""
        line += f"; {_count(self.undecided, 'network')} undecided" if self.undecided else ""
        return line + (f"; digits lost by a right formula on {_count(self.weak, 'network')}" if self.weak else "")


def _count(n: int, name: str) -> str:
    return f"{n:,} {name}{'' if n == 1 else 's'}"


@dataclass
class Asked:
    """What the command line asks of all tests: how many networks to draw, and from which seed. None: not said."""

    networks: int | None = None
    seed: int | None = None


TALLY = Tally()
ASKED = Asked()
