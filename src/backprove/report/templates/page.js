"use strict";
// Everything that is shown is in the page already; this lights it up, step by step. Names are looked up, never run.

function tour(root) {
  const picture = root.querySelector("svg.network");
  const named = new Map([...picture.querySelectorAll("[data-name]")].map((part) => [part.dataset.name, part]));
  const edges = [...picture.querySelectorAll(".edge")];
  const derivations = new Map([...root.querySelectorAll(".derivation")].map((d) => [d.dataset.entry, d]));
  const missing = root.querySelector(".not-derived");
  const engines = [...root.querySelectorAll("button[data-engine]")];
  const slider = root.querySelector("input[type=range]");
  const status = root.querySelector(".moment");
  let engine = engines.length ? engines[0].dataset.engine : "";
  let step = 0;
  let shown = root.querySelector(".derivation:not([hidden])").dataset.entry;
  let held = ""; // by a click, so that the way down to the derivations does not choose what it crosses

  function light(names) {
    for (const part of named.values()) part.classList.toggle("lit", names.includes(part.dataset.name));
    picture.classList.toggle("lighting", names.length > 0);
    picture.classList.remove("walking");
  }

  // All that a change of a weight reaches: its unit, and from there every connection to the outputs.
  const softmax = root.dataset.softmax.trim().split(" ").map(Number);

  function reached(name) {
    const [, layer, to] = name.match(/^\D+(\d+)\[(\d+)/).map(Number);
    const names = [name, `a${layer}[${to}]`];
    for (const other of named.keys()) {
      const within = softmax.includes(layer); // every activation of that layer depends on every net input
      const weight = other.match(/^W(\d+)\[(\d+),(\d+)\]$/);
      const unit = other.match(/^a(\d+)\[/);
      if (weight && (Number(weight[1]) > layer + 1 || (Number(weight[1]) === layer + 1 && (within || Number(weight[3]) === to)))) names.push(other);
      if (unit && (Number(unit[1]) > layer || (within && Number(unit[1]) === layer))) names.push(other);
    }
    return names;
  }

  function along(derivation) {
    const routes = [...derivation.querySelectorAll(".route")];
    return routes.flatMap((route) => route.dataset.lit.split(" "));
  }

  function litBy(name) {
    const found = derivations.get(name);
    const routes = found ? along(found) : [];
    if (!routes.length) return reached(name);
    // not all paths are written out where there are many
    return [...new Set([name, ...routes, ...("more" in found.dataset ? reached(name) : [])])];
  }

  function choose(name) {
    shown = name;
    const found = derivations.get(name);
    for (const d of derivations.values()) d.hidden = d !== found;
    missing.hidden = Boolean(found);
    for (const edge of edges) edge.setAttribute("aria-pressed", String(edge.dataset.name === name));
    if (!found) {
      const [, kind, place] = name.match(/^([Wb])(.*)\]$/);
      missing.querySelector("h4").textContent = `dC/d${name}`;
      missing.querySelector("output").textContent = named.get(name).getAttribute("aria-label").split(" = ").pop();
      const option = kind === "W" ? "--weight" : "--bias";
      missing.querySelector("code").textContent = `backprove explain CASE.json ${option} ${place.replace("[", ",")} --html > page.html`;
    }
    light(litBy(name));
  }

  function moments() {
    return [...root.querySelectorAll(`ol.moments[data-engine="${engine}"] > li`)];
  }

  // Units hold their activation; while z or delta is worked out, those that it is worked out of hold that.
  function fill(quantity, names) {
    for (const [name, unit] of named) {
      if (!unit.classList.contains("unit")) continue;
      const text = unit.querySelector("text");
      if (!("activation" in unit.dataset)) unit.dataset.activation = text.textContent;
      const said = names.includes(name) && unit.dataset[quantity] || unit.dataset.activation;
      text.textContent = said;
      text.style.fontSize = said.length > 6 ? `${72 / said.length}px` : "";
    }
    root.querySelector(".are").textContent = { z: "activations, and net inputs z where it is lit", delta: "activations, and deltas where it is lit" }[quantity] || "activations";
  }

  function walk(to) {
    const all = moments();
    step = Math.max(0, Math.min(all.length, to));
    slider.max = all.length;
    slider.value = step;
    slider.setAttribute("aria-valuetext", `step ${step} of ${all.length}`);
    for (const track of root.querySelectorAll(".track")) {
      [...track.querySelectorAll("i")].forEach((mark, i) => mark.classList.toggle("at", track.dataset.engine === engine && i === step - 1));
    }
    if (!step) {
      status.textContent = "Not begun: press → to walk.";
      light([]);
      fill("", []);
      return;
    }
    const moment = all[step - 1];
    status.textContent = `${engine}, step ${step} of ${all.length} (${moment.className}): ${moment.textContent}`;
    light(moment.dataset.lit.split(" "));
    fill(moment.dataset.quantity || "", moment.dataset.lit.split(" "));
    picture.classList.add("walking");
  }

  for (const edge of edges) {
    const name = edge.dataset.name;
    const hold = () => { held = name; choose(name); };
    edge.addEventListener("click", hold);
    edge.addEventListener("focus", () => choose(name));
    edge.addEventListener("pointerenter", (event) => {
      if (event.pointerType !== "mouse") return;
      if (held) light(litBy(name));
      else choose(name);
    });
    edge.addEventListener("pointerleave", () => { if (held) light(litBy(shown)); });
    edge.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); hold(); }
      if (event.key === "Escape") held = "";
    });
  }
  for (const route of root.querySelectorAll(".route")) {
    const show = () => light(route.dataset.lit.split(" "));
    const back = () => choose(route.closest(".derivation").dataset.entry);
    route.addEventListener("pointerenter", show);
    route.addEventListener("pointerleave", back);
    route.addEventListener("focus", show);
    route.addEventListener("blur", back);
  }
  for (const button of engines) {
    button.addEventListener("click", () => {
      engine = button.dataset.engine;
      for (const other of engines) other.setAttribute("aria-pressed", String(other === button));
      walk(0);
    });
  }
  for (const button of root.querySelectorAll("button[data-step]")) {
    button.addEventListener("click", () => walk(step + Number(button.dataset.step)));
  }
  slider.addEventListener("input", () => walk(Number(slider.value)));
  root.walk = (key) => {
    const to = { ArrowRight: step + 1, ArrowLeft: step - 1, Home: 0, End: Infinity }[key];
    if (to !== undefined) walk(to);
    return to !== undefined;
  };
  slider.max = moments().length;
}

const tours = [...document.querySelectorAll("[data-tour]")];
tours.forEach(tour);

// The keys walk through the drawing that has the focus; through the first one on the page where nothing else wants them.
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("input, pre, .scroll, .moments")) return;
  const inside = event.target.closest("[data-tour]");
  if (!inside && (event.target !== document.body || event.key === "Home" || event.key === "End")) return;
  const chosen = inside || tours[0];
  if (chosen && chosen.walk(event.key)) event.preventDefault();
});

for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", () => {
    const text = button.parentElement.querySelector("code");
    const range = document.createRange();
    range.selectNodeContents(text);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    const told = document.execCommand("copy") ? "Copied" : "Selected";
    button.textContent = told;
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
