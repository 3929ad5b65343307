// Runs what the page asks for, in slices short enough to hear at once of something else.

import { pulseTrain, refusal } from "./constants.js";
import { Engine } from "./engine.js";
import { EdgeError, Run } from "./run.js";

const SLICE_MS = 12;
const ESTIMATE_MS = 300;
const FRAME_MS = 50;
const FRAME_NS = 0.1;
const STILL_MS = 2000; // between two pictures for who wants nothing to move
const SHOWN_NS = 4;
const STILL_NS = 1;
const ENOUGH_EXCITONS = 80_000;

let settings;
let engine;
let current; // the run, its number, and what goes on with it
let playing = true;
let animated = true;
let awake = false;

// Lets messages in between two slices; timers would wait for 4 ms.
const channel = new MessageChannel();
const pause = () =>
  new Promise((done) => {
    channel.port1.onmessage = done;
    channel.port2.postMessage(null);
  });

function begin({ id, model, laser, seed }) {
  const pulses = pulseTrain(laser, settings.optics, model.lattice_spacing_nm);
  const reason = refusal(model, pulses);
  current = undefined;
  if (reason) return postMessage({ type: "refused", id, reason });
  const run = new Run(engine, model, pulses, seed, settings.spawn_keys);
  current = { id, run, size: 1, finished: false, told: 0, shown: 0, time_ns: Infinity };
  tellStart();
}

function tellStart() {
  const { id, run } = current;
  const { excitation_density, period_us } = run.pulses;
  const time_us = period_us / excitation_density;
  postMessage({ type: "started", id, burn_in: run.burnIn, excitation_density, time_us });
  show(0);
}

// One train moves on; after the last of them there is an estimate.
function slice() {
  const { run } = current;
  current.round ??= run.round(current.size);
  const start = performance.now();
  const { done } = current.round.next();
  const took = performance.now() - start;
  if (!done) {
    const fitting = Math.floor((current.size * SLICE_MS) / Math.max(took, 0.1));
    current.size = Math.max(1, Math.min(2 * current.size, fitting));
    return;
  }
  current.round = undefined;
  if (performance.now() - current.told > ESTIMATE_MS || enough()) tell();
}

function enough() {
  const { run } = current;
  return run.nPulses > 0 && run.estimate.n_excitons >= ENOUGH_EXCITONS;
}

function tell() {
  const { id, run } = current;
  current.told = performance.now();
  current.finished = enough();
  postMessage({
    type: "estimate",
    id,
    ...run.estimate,
    settling: run.nPulses === 0,
    settled: run.settled,
    n_pulses: run.nPulses,
    finished: current.finished,
  });
  const isNew = current.time_ns !== STILL_NS || performance.now() - current.shown > STILL_MS;
  if (!animated && isNew) show(STILL_NS);
}

// Picture of the lattice at a time after the first train's next pulse.
function show(time_ns) {
  const { id, run } = current;
  if (time_ns < current.time_ns || time_ns === STILL_NS) run.view.start();
  current.time_ns = time_ns;
  current.shown = performance.now();
  if (!run.view.moveTo(time_ns)) throw new EdgeError();
  const picture = run.view.picture();
  const n_modified = run.view.nModified;
  postMessage({ type: "frame", id, picture, time_ns, n_modified }, [picture.buffer]);
}

function frame() {
  if (!animated || performance.now() - current.shown < FRAME_MS) return;
  const next = current.time_ns + FRAME_NS;
  show(next > SHOWN_NS ? 0 : next);
}

function busy() {
  return current && playing && (!current.finished || animated);
}

async function work() {
  if (awake) return;
  awake = true;
  while (busy()) {
    try {
      if (!current.finished) slice();
      frame();
    } catch (error) {
      postMessage({
        type: error instanceof EdgeError ? "edge" : "failed",
        id: current.id,
        reason: String(error),
      });
      current = undefined;
    }
    await (current?.finished ? new Promise((done) => setTimeout(done, FRAME_MS / 2)) : pause());
  }
  awake = false;
}

const actions = {
  load(message) {
    settings = message.settings;
    const code = Uint8Array.from(atob(settings.module.code), (one) => one.charCodeAt(0));
    engine = new Engine(new WebAssembly.Module(code), settings.module);
  },
  run: begin,
  play(message) {
    playing = message.playing;
    animated = message.animated;
  },
};

onmessage = ({ data }) => {
  try {
    actions[data.type](data);
  } catch (error) {
    current = undefined;
    postMessage({ type: "failed", id: data.id, reason: String(error) });
  }
  work();
};
