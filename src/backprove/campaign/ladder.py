"""The ladder of evidence: what was found, by the kind of evidence, from the weakest to the strongest."""

from collections.abc import Iterable, Sequence

from backprove.domains import DOMAINS
from backprove.findings import DomainFinding, OracleFinding, Rung
from backprove.verdict import Verdict

THE_LOSS = "the loss itself"


def ladder(domains: Sequence[DomainFinding], oracles: OracleFinding | None, lines: Sequence[str]) -> Iterable[Rung]:
    """A rung for each kind of number, and last one for the loss. `lines` say what is not covered, domain first."""
    for name in dict.fromkeys(d.rung for d in DOMAINS.values()):
        members = [d for d in domains if d.rung == name]
        known = tuple(f"{d.name}: " for d in DOMAINS.values() if d.rung == name)
        yield Rung(
            name=name,
            verdict=Verdict.of(Verdict[d.verdict] for d in members).name if members else None,
            domains=[d.name for d in members],
            networks=sum(d.networks for d in members),
            entries=sum(d.entries for d in members),
            not_covered=[line for line in lines if line.startswith(known)],
        )
    if oracles is None:
        nothing = ["no network in float64 on which the engines agree"]
        yield Rung(name=THE_LOSS, verdict=None, domains=[], networks=0, entries=0, not_covered=nothing)
        return
    silent = {
        "at a kink or of a function they lack": oracles.silent_entries,
        "that the oracles are not sharp enough for": oracles.unsure_entries,
    }
    yield Rung(
        name=THE_LOSS,
        verdict=oracles.verdict,
        domains=["float64"],
        networks=oracles.networks,
        entries=oracles.entries,
        not_covered=[
            f"{count:,} {'entry' if count == 1 else 'entries'} {why}" for why, count in silent.items() if count
        ],
    )
