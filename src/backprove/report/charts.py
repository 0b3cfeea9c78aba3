"""Charts of a run as SVG, in the colours of the page that they stand in (whatever these are, light or dark)."""

import io
import logging
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from backprove.findings import Cost, DomainFinding, Growth
from backprove.report.words import safe

INK, QUIET = "#010203", "#020304"
SERIES = ("#030401", "#030402", "#030403", "#030404", "#030405", "#030406")
VARIABLES = {INK: "--ink", QUIET: "--line", **{c: f"--series-{i}" for i, c in enumerate(SERIES, 1)}}
MARKERS = "osD^vP"
SMALLEST = -60  # half decades: errors below 1e-30, near the end of the range, would squeeze all others together
MOST_NAME = 24  # characters of an engine's name, the last ones, which tell files apart
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "backprove", "font.family": "sans-serif", "font.size": 10.5,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": QUIET, "xtick.color": INK, "ytick.color": INK,
    "axes.titlesize": 11, "axes.spines.top": False, "axes.spines.right": False, "grid.color": QUIET,
    "grid.linewidth": 0.6, "axes.axisbelow": True, "legend.frameon": False, "axes.titlelocation": "left",
}  # fmt: skip


def differences(domains: Sequence[DomainFinding], steps: Sequence[float]) -> str:
    """How many entries differ by what fraction of the bound: a panel a domain, bars for each pair of engines."""
    names = ["equal", *(f"≤ {step:g}" for step in steps), "> 1"]

    def draw(axes: Any, domain: DomainFinding) -> None:
        width = 0.8 / len(domain.pairs)
        for i, pair in enumerate(domain.pairs):
            heights = [100 * n / max(pair.entries, 1) for n in [pair.equal, *pair.fractions]]
            at = [x + width * (i - (len(domain.pairs) - 1) / 2) for x in range(len(heights))]
            axes.bar(at, heights, width, color=SERIES[i % len(SERIES)], label=" / ".join(map(_name, pair.engines)))
        axes.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor")
        axes.set_title(domain.name)
        axes.set_xlabel("difference / rounding bound")
        axes.grid(axis="y")

    return _panels(domains, draw, "% of the entries", share="y")


def _name(engine: str) -> str:
    """An engine's name for a legend: nothing that is obeyed in SVG or that matplotlib takes for a formula."""
    text = safe(engine)
    text = text if len(text) <= MOST_NAME else f"…{text[1 - MOST_NAME :]}"
    text = f" {text}" if text.startswith("_") else text  # a label that begins with _ is left out
    return text.replace("$", r"\$")


def errors(domains: Sequence[DomainFinding]) -> str:
    """The bound against the actual error, on logarithmic axes: a panel a domain, squares by how many entries."""

    def draw(axes: Any, domain: DomainFinding) -> None:
        assert domain.precision is not None
        cells = [c for c in domain.precision.cells if min(c.error, c.bound) >= SMALLEST]
        cells = cells or domain.precision.cells
        most = max((c.entries for c in cells), default=1)
        x, y = ([10 ** ((getattr(c, side) + 0.5) / 2) for c in cells] for side in ("error", "bound"))
        axes.scatter(x, y, s=[6 + 90 * c.entries / most for c in cells], color=SERIES[0], alpha=0.65, linewidths=0)
        ends = [min(x + y) / 3, max(x + y) * 3]
        axes.plot(ends, ends, color=SERIES[1], linewidth=1.4)
        axes.annotate("bound = error", (ends[1], ends[1]), color=SERIES[1], ha="right", va="bottom", rotation=0)
        axes.set(xscale="log", yscale="log", title=domain.name, xlabel="actual error of the worst engine")
        axes.grid()

    return _panels([d for d in domains if d.precision and d.precision.cells], draw, "derived bound on rounding")


def costs(found: Sequence[Cost]) -> str:
    """Time against the number of entries, on logarithmic axes."""

    def draw(axes: Any, costs: Sequence[Cost]) -> None:
        for i, cost in enumerate(costs):
            x, y = [p.entries for p in cost.points], [p.seconds for p in cost.points]
            line = MARKERS[i % len(MARKERS)] + ("-" if i < 3 else "--")
            axes.plot(x, y, line, color=SERIES[i % len(SERIES)], markersize=4.5, label=cost.way)
        axes.set(xscale="log", yscale="log", xlabel="weights and biases")
        axes.legend(loc="upper left")
        axes.grid()

    return _panels([list(found)], draw, "seconds for a whole gradient", width=7.6, height=4.6, legend=False)


def growth(found: Sequence[Growth]) -> str:
    """Time, and beside it memory, against what grows, on logarithmic axes."""

    def draw(axes: Any, of: tuple[str, Callable[[Any], float]]) -> None:
        title, y = of
        for i, g in enumerate(found):
            line = MARKERS[i % len(MARKERS)] + ("-" if i < len(SERIES) else "--")
            x = [p.size for p in g.points]
            axes.plot(x, [y(p) for p in g.points], line, color=SERIES[i % len(SERIES)], markersize=4, label=g.way)
        axes.set(xscale="log", yscale="log", xlabel=f"n ({found[0].along})", title=title)
        axes.grid()

    panels = [("seconds", lambda p: p.seconds), ("peak MiB", lambda p: max(p.peak_bytes, 1) / 2**20)]
    return _panels(panels if found else [], draw, "")


def _panels(
    parts: Sequence[Any], draw: Callable[[Any, Any], None], label: str, *, share: str = "", width: float = 4.6,
    height: float = 3.7, legend: bool = True,
) -> str:  # fmt: skip
    """A figure with a panel for each part, as SVG; "" of no parts."""
    if not parts:
        return ""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it talks of its cache
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({**STYLE, "svg.hashsalt": f"backprove {label}"}):
        figure = Figure(figsize=(width * len(parts), height), layout="constrained")
        figure.patch.set_alpha(0)
        all_axes = figure.subplots(1, len(parts), squeeze=False, sharey=bool(share))[0]
        for axes, part in zip(all_axes, parts, strict=True):
            axes.patch.set_alpha(0)
            draw(axes, part)
        all_axes[0].set_ylabel(label)
        if legend and all_axes[0].get_legend_handles_labels()[1]:
            figure.legend(*all_axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
        text = io.StringIO()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # whoever reads the page has fonts of their own
            figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _in_colours_of_the_page(text.getvalue())


def _in_colours_of_the_page(svg: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
