// The page: sliders, the lattice, the chart, and the worker that runs the model behind them.

import {
  SLIDERS,
  fromQuery,
  positionOf,
  pythonCall,
  shown,
  toQuery,
  valueAt,
  withError,
} from "./controls.js";
import { drawChart } from "./chart.js";
import { drawLattice, drawScale } from "./lattice.js";

const SEND_MS = 80; // between two runs while a slider moves
const SPEAK_MS = 5000; // between two sentences for who listens
const ENOUGH_EXCITONS = 20_000; // for one point of a whole curve
const MOST_POINTS = 60;
const BAR_NM = 500;
const D_RANGE = [0.0005, 0.5];
const AXES = {
  time: {
    name: "time_between_excitations_us",
    label: "time between excitations T (µs)",
    range: [1, 500],
    series: "power",
  },
  power: { name: "power_nW", label: "laser power (nW)", range: [0.2, 30], series: "power" },
  rate: { name: "rep_rate_MHz", label: "repetition rate (MHz)", range: [0.3, 50], series: "rate" },
};
const LOOKS = [
  { colour: "#0072b2", dash: "" },
  { colour: "#d55e00", dash: "9 4" },
  { colour: "#000000", dash: "3 3" },
  { colour: "#8a5a00", dash: "12 3 3 3" },
];
const OWN = "own"; // a film, or a laser, that is no preset
const OWN_COLOUR = "#5b2a86";

const root = document.getElementById("explorer");
const settings = JSON.parse(document.getElementById("explorer-settings").textContent);
const find = (name) => root.querySelector(`[data-name="${name}"]`);
const calm = matchMedia("(prefers-reduced-motion: reduce)");

let state = fromQuery(location.search, {
  model: settings.films["OLA/OA"],
  laser: settings.lasers["5 nW at 2.5 MHz"],
  seed: 1,
});
let worker;
let number = 0; // of the run, by which late answers are known
let asked; // film, laser and seed of the present run
let started; // what the worker said of it
let estimate;
let playing = true;
let points = [];
let queue = []; // lasers of a whole curve that are still to come
let timer;
let spokenAt = 0; // when who listens was last told something

// The name of the preset that says the same, if there is one.
function presetOf(values, presets) {
  const same = (one) => Object.keys(one).every((name) => one[name] === values[name]);
  return Object.keys(presets).find((name) => same(presets[name])) ?? OWN;
}

function colourOf(film) {
  const place = Object.keys(settings.films).indexOf(film);
  return place < 0 ? OWN_COLOUR : LOOKS[place].colour;
}

// Controls

function buildSliders() {
  for (const { of, name, label, unit } of SLIDERS) {
    const row = document.createElement("div");
    row.className = "explorer-slider";
    row.innerHTML = `<label for="explorer-${name}">${label}</label>
      <input id="explorer-${name}" type="range" min="0" max="120" step="1" data-name="${name}">
      <output for="explorer-${name}" aria-hidden="true"></output>`;
    row.querySelector("input").addEventListener("input", ({ target }) => {
      const { range } = SLIDERS.find((one) => one.name === name);
      state[of] = { ...state[of], [name]: valueAt(Number(target.value), range) };
      queue = [];
      change();
    });
    find(of).append(row);
    row.dataset.unit = unit;
  }
}

function buildChoices() {
  const offer = (name, part, options) => {
    const names = Object.keys(options).map((one) => new Option(one));
    find(name).append(new Option("as the sliders say", OWN), ...names);
    find(name).addEventListener("change", ({ target }) => choose(part, options[target.value]));
  };
  offer("film", "model", settings.films);
  offer("preset", "laser", settings.lasers);
  find("hop_rule").addEventListener("change", ({ target }) =>
    choose("model", { ...state.model, hop_rule: target.value }),
  );
  find("axis").addEventListener("change", draw);
}

function choose(part, values) {
  if (!values) return;
  state = { ...state, [part]: values };
  queue = [];
  change();
}

function buildButtons() {
  find("play").addEventListener("click", () => play(!playing));
  find("again").addEventListener("click", () => {
    state.seed += 1;
    change();
  });
  find("curve").addEventListener("click", () => {
    queue = settings.curves
      .find(({ series }) => series === axis().series)
      .points.map(({ power_nW, rep_rate_MHz }) => ({ power_nW, rep_rate_MHz }));
    next();
  });
  find("clear").addEventListener("click", () => {
    points = [];
    draw();
  });
  find("copy").addEventListener("click", copy);
}

async function copy() {
  const call = find("call");
  try {
    await navigator.clipboard.writeText(call.textContent);
  } catch {
    getSelection().selectAllChildren(call);
    document.execCommand("copy");
  }
  say("The Python call is copied.");
}

function play(whether) {
  playing = whether;
  find("play").textContent = playing ? "Pause" : "Go on";
  worker.postMessage({ type: "play", playing, animated: playing && !calm.matches });
}

// Everything that says how things are set.
function showControls() {
  for (const { of, name, unit, spoken, range } of SLIDERS) {
    const slider = find(name);
    const value = state[of][name];
    slider.value = positionOf(value, range);
    slider.setAttribute("aria-valuetext", `${shown(value)} ${spoken}`.trim());
    slider.parentElement.querySelector("output").textContent = `${shown(value)} ${unit}`.trim();
  }
  find("film").value = presetOf(state.model, settings.films);
  find("preset").value = presetOf(state.laser, settings.lasers);
  find("hop_rule").value = state.model.hop_rule;
  find("link").href = toQuery(state);
  const { lattice_spacing_nm, trap_rate_per_ps } = state.model;
  const perNs = shown(1e3 * trap_rate_per_ps);
  const traps = trap_rate_per_ps ? `trapped at ${perNs} per ns` : "not trapped";
  const spacing = `Nanocrystals are ${lattice_spacing_nm} nm apart`;
  find("rest").textContent = `${spacing}; excitons are ${traps}.`;
}

// Runs

function change() {
  showControls();
  if (!playing) play(true);
  clearTimeout(timer);
  timer = setTimeout(start, number === 0 ? 0 : SEND_MS);
}

function start() {
  keep();
  started = estimate = undefined;
  number += 1;
  asked = { ...state };
  root.dataset.state = "starting";
  worker.postMessage({ type: "run", id: number, ...asked });
}

// The live point of a run that ends stays as a point of the reader.
function keep() {
  if (!estimate || estimate.settling) return;
  points.push({ ...livePoint(), live: false });
  points = points.slice(-MOST_POINTS);
}

function livePoint() {
  return {
    ...estimate,
    D: estimate.value,
    power_nW: asked.laser.power_nW,
    rep_rate_MHz: asked.laser.rep_rate_MHz,
    time_between_excitations_us: started.time_us,
    film: presetOf(asked.model, settings.films),
    colour: colourOf(presetOf(asked.model, settings.films)),
    live: true,
  };
}

// The next laser of a whole curve.
function next() {
  const laser = queue.shift();
  if (!laser) return;
  state.laser = { ...state.laser, ...laser };
  change();
}

const answers = {
  started(message) {
    started = message;
    warn("");
    spokenAt = 0;
  },
  refused: ({ reason }) => stop(reason),
  edge: () =>
    stop(
      "An exciton has reached the edge of the lattice shown here, and the run has stopped. Lower " +
        "the power, the hop rates or the lifetime, or run it in Python with a larger lattice_size.",
    ),
  failed: ({ reason }) => stop(`The run has failed: ${reason}`),
  frame({ picture, time_ns, n_modified }) {
    const { lattice_size, lattice_spacing_nm } = asked.model;
    const canvas = find("lattice");
    const n_excitons = drawLattice(canvas, picture, lattice_size, settings.colours);
    drawScale(canvas, lattice_size, lattice_spacing_nm, asked.laser.spot_fwhm_nm, BAR_NM);
    const text =
      `${time_ns.toFixed(1)} ns after a pulse: ${n_excitons} excitons; ` +
      `${n_modified} of ${lattice_size ** 2} nanocrystals remember.`;
    find("counts").textContent = text;
    canvas.setAttribute("aria-label", `The lattice from above. ${text}`);
    if (!root.dataset.frames) performance.mark("first picture");
    root.dataset.frames = 1 + Number(root.dataset.frames ?? 0);
  },
  estimate(message) {
    estimate = message;
    root.dataset.state = message.settling ? "settling" : message.finished ? "finished" : "running";
    const { value, std_err: stdErr, n_pulses: nPulses } = message;
    Object.assign(root.dataset, { value, stdErr, nPulses, run: number });
    describe();
    draw();
    if (queue.length && message.n_excitons >= ENOUGH_EXCITONS && !message.settling) next();
  },
};

function describe() {
  const { value, std_err, settling, settled, n_pulses, n_excitons, finished } = estimate;
  const D = `${withError(value, std_err)} cm²/s`;
  const trains = `in each of ${settings.spawn_keys.length} trains`;
  find("value").textContent = Number.isFinite(value) ? `D = ${D}` : "D = …";
  find("progress").textContent = settling
    ? `Settling: pulse ${settled} of ${started.burn_in} ${trains}. These do not count.`
    : `${n_excitons} excitons of ${n_pulses} pulses ${trains}${finished ? "; finished" : ""}.`;
  if (!settling) find("call").textContent = pythonCall(asked, n_pulses, settings.spawn_keys.length);
  find("copy").disabled = settling;
  if (finished || performance.now() - spokenAt > SPEAK_MS)
    say(`${settling ? "Settling, D so far" : "D is"} ${D}${finished ? ", finished" : ""}.`);
}

function stop(reason) {
  estimate = undefined;
  queue = [];
  root.dataset.state = "stopped";
  find("value").textContent = "D = –";
  find("progress").textContent = "";
  warn(reason);
  draw();
}

function warn(text) {
  find("warning").textContent = text;
  find("warning").hidden = !text;
}

function say(text) {
  spokenAt = performance.now();
  find("status").textContent = text;
}

// Chart

function axis() {
  return AXES[find("axis").querySelector(":checked").value];
}

function draw() {
  const films = Object.keys(settings.films);
  const curves = settings.curves
    .filter(({ series }) => series === axis().series)
    .map((curve) => ({ ...curve, ...LOOKS[films.indexOf(curve.film)] }));
  const live = estimate && started ? [livePoint()] : [];
  drawChart(find("chart"), { ...axis(), D_range: D_RANGE }, curves, [...points, ...live]);
  const what = `Diffusivity against ${axis().label}, with curves of ${films.length} films.`;
  find("chart").setAttribute("aria-label", `${what} ${find("value").textContent}.`);
  const fixed = axis().series === "power" ? "at 2.5 MHz" : "at 5 nW";
  find("fixed").textContent = `Curves: ${fixed}.`;
  const kept = [...points, ...live.filter(({ settling }) => !settling)];
  find("points").replaceChildren(...kept.map(row));
}

function row(point) {
  const made = document.createElement("tr");
  const cells = [
    point.film,
    shown(point.power_nW),
    shown(point.rep_rate_MHz),
    shown(point.time_between_excitations_us),
    withError(point.D, point.std_err),
  ];
  for (const text of cells) made.insertCell().textContent = text;
  return made;
}

function buildLegend() {
  Object.keys(settings.films).forEach((film, i) => {
    const entry = document.createElement("li");
    const { colour, dash } = LOOKS[i];
    entry.innerHTML = `<svg viewBox="0 0 36 10" aria-hidden="true"><line x1="0" x2="36" y1="5"
      y2="5" stroke="${colour}" stroke-width="2.5" stroke-dasharray="${dash}"></line></svg>`;
    entry.append(` ${film}: ${shown(settings.films[film].relaxation_time_us)} µs`);
    find("legend").append(entry);
  });
  for (const [name, colour] of Object.entries(settings.colours))
    find(`swatch-${name}`).style.background = colour;
}

// Beginning

function begin() {
  const code = document.getElementById("explorer-worker").textContent;
  worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  worker.onmessage = ({ data }) => {
    if (data.id === number) answers[data.type](data);
  };
  worker.onerror = (event) => stop(`The run has failed: ${event.message}`);
  worker.postMessage({ type: "load", settings });
  buildSliders();
  buildChoices();
  buildButtons();
  buildLegend();
  root.hidden = false;
  document.getElementById("explorer-without").hidden = true;
  calm.addEventListener("change", () => play(playing));
  play(true);
  draw();
  change();
}

if (typeof WebAssembly === "object" && typeof OffscreenCanvas === "function") begin();
