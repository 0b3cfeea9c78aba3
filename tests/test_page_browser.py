"""The pages in a browser: what is shown and lit, against the engines' own numbers; nothing leaves a page, is complained
of or runs over; axe-core finds them accessible. Every check must also find what it looks for, on pages that are wrong.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from backprove.case import Address, address
from backprove.cli import main
from backprove.derivation import default, derive, tour
from backprove.domains import DOMAINS
from backprove.engines import ENGINES
from backprove.findings import Moment
from backprove.report.words import number

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install selenium")
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if not (BROWSER and DRIVER):
    pytest.skip("no Chromium to drive: apt-get install chromium chromium-driver", allow_module_level=True)

HERE = Path(__file__).parent
KINDS = {
    "explain": ["explain"],
    "run": ["run", "--networks", "5"],
    "check": ["check", f"{HERE / 'submissions/wrong/hidden_slope_missing.py'}:gradients", "--networks", "5"],
    "gallery": ["gallery", "delta-for-gradient", "--networks", "5"],
    "compare": ["compare", str(HERE / "worked_examples/mit-6036-tanh-softmax.json")],
    "prove": ["prove", "2-3", "--activations", "softmax", "--loss", "categorical_cross_entropy", "--targets", "free"],
}
QUICK = ("explain",)
FLAGS = """headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking
 disable-component-update disable-sync disable-dev-shm-usage"""
AXE = os.environ.get("BACKPROVE_AXE", "")
DERIVED = {at.label: derive(default(), at) for at in (address(default(), i) for i in range(default().entries))}
NEURON = ENGINES["neuron"](default(), DOMAINS["float64"])
STATE = """
const root = document.querySelector("[data-tour]"), all = (query, of = root) => [...of.querySelectorAll(query)];
const names = (query) => all(query).map((part) => part.dataset.name);
const shown = all(".derivation").filter((d) => d.checkVisibility());
const totals = shown.flatMap((d) => all("output[data-total]", d).map((o) => [o.dataset.total, Number(o.textContent)]));
const orders = all("ol.moments").map((ol) => [ol.dataset.engine, all("li", ol).map((li) => [
  li.className, li.querySelector("b").textContent, li.dataset.lit.split(" "), li.textContent])]);
return {drawn: names("svg [data-name]"), lit: names("svg .lit").sort(), pressed: names(".edge[aria-pressed=true]"),
  shown: shown.map((d) => d.dataset.entry), totals, orders, moment: root.querySelector(".moment").textContent};
"""
POINT = """  // where a pointer meets this connection and no other: they cross, often in their middles
const edge = document.querySelector(`g.edge[data-name="${arguments[0]}"]`), line = edge.querySelector(".halo");
line.scrollIntoView({block: "center"});
for (const share of [.5, .3, .7, .2, .8, .15, .85]) {
  const at = line.getPointAtLength(share * line.getTotalLength()).matrixTransform(line.getScreenCTM());
  if (document.elementFromPoint(at.x, at.y)?.closest("g.edge") === edge) return [at.x, at.y];
}
throw Error(`${arguments[0]} cannot be pointed at`);
"""
CLICK = """document.querySelector(`g.edge[data-name="${arguments[0]}"]`).dispatchEvent(new MouseEvent("click"))"""
OPEN = 'document.querySelectorAll("details").forEach((d) => { d.open = true; });'
EMPTY = "<!doctype html><html lang='en'><title>a</title><main><h1>quiet</h1></main>"


class Reader:
    """A browser, and the pages it reads; each kind of page is made once, when it is first wanted."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver, self.folder, self.run, self.tell = driver, folder, driver.execute_script, driver.execute_cdp_cmd
        self.pages: dict[str, str] = {}

    def page(self, kind: str) -> str:
        if kind not in self.pages:
            with chdir(self.folder):
                assert main([*KINDS[kind], "--report", "made.html"]) in (0, 1)
                self.pages[kind] = Path("made.html").read_text(encoding="utf-8")
        return self.pages[kind]

    def open(self, text: str, width: int = 1280, scheme: str = "light", scripts: bool = True) -> str:
        """Opens a page with nothing pointed at and nothing in the logs; says where."""
        self.driver.get("about:blank")
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.tell("Emulation.setDeviceMetricsOverride", size)
        self.tell("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        self.tell("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        self.point(0, 0)
        for log in ("browser", "performance"):
            self.driver.get_log(log)
        file = self.folder / "page.html"
        file.write_text(text, encoding="utf-8")
        self.driver.get(file.as_uri())
        return file.as_uri()

    def point(self, x: float, y: float) -> None:
        self.tell("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x, "y": y})

    def choose(self, entry: str) -> None:
        self.point(*self.run(POINT, entry))

    def press(self, *keys: str) -> None:
        webdriver.ActionChains(self.driver, duration=0).send_keys(*keys).perform()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in FLAGS.split():
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER)) as driver:
        yield Reader(driver, tmp_path_factory.mktemp("pages"))


def is_shown(reader: Reader, entry: str) -> None:
    """The entry's derivation and no other is shown, with the engines' gradients; its paths and nothing else are lit."""
    seen, at, found = reader.run(STATE), Address.of(entry), DERIVED[entry]
    assert seen["lit"] == sorted({name for route in found.chain_rule.shown for name in route.along})
    assert (seen["shown"], seen["pressed"]) == ([entry], [entry])
    assert dict(seen["totals"]) == {engine: found.values[engine] for engine in ENGINES}
    assert dict(seen["totals"])["neuron"] == NEURON.weights[at.layer - 1][at.to - 1][at.from_ - 1]


def test_every_connection_shows_its_own_derivation(reader: Reader) -> None:
    reader.open(reader.page("explain"))
    for choose in (reader.choose, lambda entry: reader.run(CLICK, entry)):  # with a mouse, and as with a finger
        for entry in DERIVED:
            choose(entry)
            is_shown(reader, entry)


WRONG = {engine: (rf'(data-total="{engine}">[^<]*)\d(?=<)', r"\1") for engine in ENGINES} | {  # a digit missing
    "unlit": (r'(class="route"[^>]* data-lit="\S+ \S+ )\S+ ', r"\1"),
    "lit": (r'(class="route"[^>]* data-lit=")', r"\1W1[1,1] "),
}


@pytest.mark.parametrize(("before", "after"), WRONG.values(), ids=WRONG)
def test_a_page_that_says_otherwise_is_caught(before: str, after: str, reader: Reader) -> None:
    start, mark, rest = reader.page("explain").partition('data-entry="W1[2,1]"')
    reader.open(start + mark + re.sub(before, after, rest, count=1))
    reader.choose("W1[2,1]")
    with pytest.raises(AssertionError):
        is_shown(reader, "W1[2,1]")


def test_the_keyboard_does_what_the_pointer_does(reader: Reader) -> None:
    reader.open(reader.page("explain"))
    reached: set[str] = set()
    for _ in range(40):
        reader.press(webdriver.Keys.TAB)
        if name := reader.run("return document.activeElement.dataset.name"):
            is_shown(reader, name)
            reached.add(name)
    assert reached == set(DERIVED)
    reader.run("""document.querySelector('g.edge[data-name="W2[1,3]"]').focus()""")
    for key, other in ((webdriver.Keys.ENTER, "W1[1,1]"), (" ", "W1[2,3]")):
        reader.choose(other)
        is_shown(reader, other)
        reader.press(key)
        is_shown(reader, "W2[1,3]")
        reader.press(webdriver.Keys.ESCAPE)


def test_a_click_holds_on_to_a_connection_until_the_next(reader: Reader) -> None:
    reader.open(reader.page("explain"))
    reader.run(CLICK, "W1[2,1]")
    reader.choose("W1[3,3]")
    seen = reader.run(STATE)
    assert seen["shown"] == ["W1[2,1]"]
    assert "W1[3,3]" in seen["lit"]
    reader.point(0, 0)
    is_shown(reader, "W1[2,1]")
    reader.run(CLICK, "W1[3,3]")
    is_shown(reader, "W1[3,3]")


def is_at(reader: Reader, engine: str, step: int, moments: list[Moment]) -> None:
    """The walk is at this step of the engine's own order, says so, and lights what that is about."""
    seen, moment = reader.run(STATE), moments[step - 1]
    items = dict(seen["orders"])[engine]
    assert [item[:3] for item in items] == [[m.phase, m.symbol, m.lit] for m in moments]
    assert seen["moment"] == f"{engine}, step {step} of {len(moments)} ({moment.phase}): {items[step - 1][3]}"
    assert seen["lit"] == sorted(set(moment.lit) & set(seen["drawn"]))


def test_units_hold_what_is_worked_out(reader: Reader) -> None:
    reader.open(reader.page("explain"))
    toured = tour(default(), Address(2, 1, 1))
    held = """const units = [...document.querySelectorAll(".unit")];
    return Object.fromEntries(units.map((u) => [u.dataset.name, u.querySelector("text").textContent]))"""
    before = reader.run(held)
    for step, moment in enumerate(toured.orders["neuron"], 1):
        reader.press(webdriver.Keys.ARROW_RIGHT)
        quantity = "delta" if moment.symbol.startswith("delta") else "z" if moment.symbol[0] == "z" else "a"
        units = {name for name in moment.lit if name[0] == "a"}
        for name, said in reader.run(held).items():
            shown = quantity + name[1:] if name in units else name
            assert said == number(toured.units[shown], 3), (step, name)
    reader.press(webdriver.Keys.HOME)
    assert reader.run(held) == before


def test_the_arrow_keys_walk_in_the_order_of_an_engine(reader: Reader) -> None:
    reader.open(reader.page("explain"))
    orders = tour(default(), Address(2, 1, 1)).orders
    reader.press(*[webdriver.Keys.ARROW_RIGHT] * 3, webdriver.Keys.ARROW_LEFT)
    is_at(reader, "neuron", 2, orders["neuron"])
    with pytest.raises(AssertionError):
        is_at(reader, "neuron", 3, orders["neuron"])
    for engine, moments in reversed(orders.items()):
        reader.driver.find_element("css selector", f"button[data-engine={engine}]").click()
        assert reader.run(STATE)["moment"].startswith("Not begun")
        for step in [*range(1, len(moments) + 1), len(moments)]:  # nothing comes after the last
            reader.press(webdriver.Keys.ARROW_RIGHT)
            is_at(reader, engine, step, moments)


def test_pointing_at_a_path_lights_that_path_alone(reader: Reader) -> None:
    reader.open(reader.page("explain"))
    reader.choose("W1[2,1]")
    routes = reader.driver.find_elements("css selector", '.derivation[data-entry="W1[2,1]"] li.route')
    for route, shown in zip(routes, DERIVED["W1[2,1]"].chain_rule.shown, strict=True):
        webdriver.ActionChains(reader.driver, duration=0).scroll_to_element(route).move_to_element(route).perform()
        assert reader.run(STATE)["lit"] == sorted(shown.along)
    reader.point(0, 450)
    is_shown(reader, "W1[2,1]")


def is_quiet_and_fits(reader: Reader, url: str, width: int) -> None:
    """Nothing is complained of, nothing was asked for but the page, and nothing runs over."""
    assert [line for line in reader.driver.get_log("browser") if line["level"] in ("SEVERE", "WARNING")] == []
    events = [json.loads(entry["message"])["message"] for entry in reader.driver.get_log("performance")]
    asked = {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}
    assert {to for to in asked if not to.startswith("data:")} == {url}
    for action in ("", OPEN, OPEN.replace("details", "[hidden]").replace("open = true", "hidden = false")):
        assert reader.run(f"{action}; return document.documentElement.scrollWidth") <= width, action


EACH = pytest.mark.parametrize(
    "kind", [*QUICK, *(pytest.param(k, marks=pytest.mark.slow) for k in KINDS if k not in QUICK)]
)


@EACH
def test_a_page_is_quiet_and_fits(kind: str, reader: Reader) -> None:
    colours = []
    for width, scheme in ((1280, "light"), (390, "light"), (390, "dark")):
        is_quiet_and_fits(reader, reader.open(reader.page(kind), width, scheme), width)
        colours.append(reader.run("return getComputedStyle(document.body).backgroundColor"))
    assert colours[0] == colours[1] != colours[2]


@pytest.mark.parametrize("part", ["<img src=http://127.0.0.1:9/x>", "<script>console.error(1)</script>", "m" * 99])
def test_a_page_that_is_not_quiet_or_too_wide_is_caught(part: str, reader: Reader) -> None:
    is_quiet_and_fits(reader, reader.open(EMPTY, 390), 390)
    with pytest.raises(AssertionError):
        is_quiet_and_fits(reader, reader.open(EMPTY + part, 390), 390)


def violations(reader: Reader) -> list[str]:
    """What axe-core finds serious or critical, everything that can be folded being open."""
    reader.run(OPEN + Path(AXE).read_text(encoding="utf-8"))
    script = "axe.run(document, {resultTypes: ['violations']}).then((found) => arguments[0](found.violations))"
    severe = [v for v in reader.driver.execute_async_script(script) if v["impact"] in ("serious", "critical")]
    return [f"{v['id']}: {v['help']}: {[node['html'][:200] for node in v['nodes'][:4]]}" for v in severe]


@pytest.mark.skipif(not AXE, reason="npm install axe-core and set BACKPROVE_AXE to its axe.min.js")
@EACH
def test_a_page_is_accessible(kind: str, reader: Reader) -> None:
    reader.open(EMPTY + "<p style='color: #eee; background: #fff'>white on white</p><img src='data:,'>")
    assert [line.split(":")[0] for line in violations(reader)] == ["color-contrast", "image-alt"]
    for scheme in ("light", "dark"):
        reader.open(reader.page(kind), scheme=scheme)
        assert violations(reader) == [], scheme


@pytest.mark.parametrize("scripts", [False, True])
def test_without_scripts_every_derivation_is_there(scripts: bool, reader: Reader) -> None:
    reader.open(reader.page("explain"), scripts=scripts)
    found = reader.driver.find_elements("css selector", ".derivation")
    assert sum(derivation.is_displayed() for derivation in found) == (1 if scripts else len(DERIVED))
    assert reader.driver.find_element("css selector", ".walk").is_displayed() == scripts
