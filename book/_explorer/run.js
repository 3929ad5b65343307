// Trains of pulses on one spot, as tptools.kmc.simulate runs them, a few pulses at a time.

import {
  FRAME,
  MODIFIED,
  NEVER,
  OCCUPIED,
  attemptsPerPs,
  burnIn,
  rules,
  spot,
} from "./constants.js";
import { generateState } from "./random.js";

const N_COLUMNS = 4;
const N_COUNTERS = 5;
const MODIFICATIONS = 3;
const REACHED_EDGE = 4;
const TAIL_BINS_PER_DECADE = 20;
const TAIL_DECADES = 6;
const NM2_PER_NS_IN_CM2_S = 1e-5;
const TIME_NS = 1; // when the mean square displacement is read, and the only recorded time

// Rows for the excitons of a pulse: one that makes more is rarer than 1 in 1e25.
function mostExcitons(probabilities) {
  const mean = probabilities.reduce((sum, one) => sum + one, 0);
  return Math.ceil(mean + 10 * Math.sqrt(mean) + 100);
}

export class Run {
  // Relaxed lattices for as many trains as there are keys of streams.
  constructor(engine, model, pulses, seed, spawnKeys) {
    engine.clear();
    Object.assign(this, { engine, model, pulses });
    this.rules = this.stored(rules(model, pulses));
    this.spot = this.stored(spot(model, pulses));
    // each pulse is followed to its end, so that trains can share what is empty between pulses
    const rows = mostExcitons(this.spot.probabilities.view);
    this.nSites = model.lattice_size ** 2;
    this.shared = this.pulseArrays(rows);
    this.trains = spawnKeys.map((key) => this.train(generateState(seed, key, 4)));
    this.burnIn = burnIn(model, pulses);
    this.nPulses = 0; // recorded ones, of every train
    this.settled = 0; // those of the burn-in
    this.view = new View(this, this.pulseArrays(rows));
  }

  stored(constants) {
    const store = (one) => (ArrayBuffer.isView(one) ? this.engine.copy(one) : one);
    return Object.fromEntries(Object.entries(constants).map(([name, one]) => [name, store(one)]));
  }

  pulseArrays(rows) {
    return {
      walking: this.engine.array("int64", rows, N_COLUMNS),
      trapped: this.engine.array("int64", rows, N_COLUMNS),
      visited: this.engine.array("int32", this.nSites + 1),
    };
  }

  train(random) {
    const side = this.model.lattice_size + 2;
    const lattice = this.engine.array("uint8", side * side);
    const view = lattice.view.fill(FRAME);
    for (let row = 1; row < side - 1; row++) view.fill(0, row * side + 1, (row + 1) * side - 1);
    const state = {
      ...this.shared,
      lattice,
      modified: this.engine.array("int32", this.nSites + 1),
      counters: this.engine.array("int64", N_COUNTERS),
      random: this.engine.copy(random),
    };
    return { state, record: this.record() };
  }

  // Zeroed sums: tptools.kmc.records.allocate for two instants.
  record() {
    const size = this.model.lattice_size;
    const nTimes = 2;
    const nRadii = Math.ceil(size / Math.sqrt(2)) + 2;
    const nDelays = nTimes + TAIL_BINS_PER_DECADE * TAIL_DECADES - 1;
    const width = 2 * Math.floor(size / 2) + 1;
    const one = () => this.engine.array("int64", 1);
    const sums = () => this.engine.array("int64", nTimes);
    const counts = (rows, columns) => this.engine.array("uint32", rows, columns);
    return {
      interval: TIME_NS * 1e3 * attemptsPerPs(this.model),
      n_times: nTimes,
      tail_bins_per_e_fold: TAIL_BINS_PER_DECADE / Math.log(10),
      created: one(),
      dropped: one(),
      carried: one(),
      exciton_count: sums(),
      r2: sums(),
      initial_r2: sums(),
      visited: sums(),
      modified: sums(),
      x: counts(nTimes, width),
      y: counts(nTimes, width),
      walking_radius: counts(nTimes, nRadii),
      trapped_radius: counts(nTimes, nRadii),
      emission: counts(nDelays, nRadii),
    };
  }

  // Run pulses of one train; false if an exciton met the edge.
  advance({ state, record }, nPulses) {
    const { rules, spot } = this;
    const how = { recorded: true, n_pulses: nPulses, last_step: NEVER };
    this.engine.call("run_pulses", { rules, spot, state, record, ...how });
    return state.counters.view[REACHED_EDGE] === 0n;
  }

  get isSettling() {
    return this.settled < this.burnIn;
  }

  // Run pulses of all trains, one train after the other; a step of the iterator is one train.
  // Pulses of the burn-in count too, until they are over: their sums are then dropped.
  *round(nPulses) {
    const size = this.isSettling ? Math.min(nPulses, this.burnIn - this.settled) : nPulses;
    if (this.isSettling) this.forget();
    for (const train of this.trains) {
      if (!this.advance(train, size)) throw new EdgeError();
      yield;
    }
    if (this.isSettling) {
      this.settled += size;
      this.estimate = this.read();
      if (!this.isSettling) this.forget();
    } else {
      this.nPulses += size;
      this.estimate = this.read();
    }
  }

  forget() {
    for (const { record } of this.trains)
      for (const { view, type } of Object.values(record)) view?.fill(type === "int64" ? 0n : 0);
  }

  // Sums of every train: squared displacement in nm2 of the excitons alive, and their number.
  sums() {
    const nm2 = this.model.lattice_spacing_nm ** 2;
    return this.trains.map(({ record }) => ({
      growth_nm2: Number(record.r2.view[1]) * nm2 - Number(record.initial_r2.view[1]) * nm2,
      count: Number(record.exciton_count.view[1]),
      created: Number(record.created.view[0]),
    }));
  }

  // Diffusivity in cm2/s, with its error from leaving out one train at a time.
  read() {
    return diffusivity(this.sums());
  }
}

export function diffusivity(sums) {
  const total = (name, without) =>
    sums.reduce((sum, one, i) => (i === without ? sum : sum + one[name]), 0);
  const value = (without) =>
    ((total("growth_nm2", without) / total("count", without)) / TIME_NS / 4) * NM2_PER_NS_IN_CM2_S;
  const leftOut = sums.map((_, i) => value(i));
  const mean = leftOut.reduce((sum, one) => sum + one, 0) / sums.length;
  const spread = leftOut.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  return {
    value: value(),
    std_err: Math.sqrt(((sums.length - 1) / sums.length) * spread),
    n_excitons: total("created"),
  };
}

export class EdgeError extends Error {}

// One pulse of the first train at a time, step by step, without a trace in the run.
export class View {
  constructor(run, arrays) {
    const { engine } = run;
    Object.assign(this, { run, engine });
    this.source = run.trains[0].state;
    this.record = run.record();
    this.state = { ...arrays };
    for (const name of ["lattice", "modified", "counters", "random"])
      this.state[name] = engine.array(this.source[name].type, ...this.source[name].shape);
  }

  // Start the pulse that the first train has next.
  start() {
    for (const name of ["lattice", "modified", "counters", "random"])
      this.state[name].view.set(this.source[name].view);
    this.steps = 0;
    const { rules, spot } = this.run;
    this.engine.call("create_excitons", { rules, spot, state: this.state });
  }

  // Move on to a time after the pulse; false if an exciton met the edge.
  moveTo(time_ns) {
    const stop = Math.round(time_ns * 1e3) * attemptsPerPs(this.run.model);
    const { rules } = this.run;
    const { state, record } = this;
    this.engine.call("evolve", { rules, state, record, recorded: false, start: this.steps, stop });
    this.steps = stop;
    return state.counters.view[REACHED_EDGE] === 0n;
  }

  // Sites without the frame, row by row: 0 at rest, 1 remembering, 2 with an exciton.
  picture() {
    const size = this.run.model.lattice_size;
    const lattice = this.state.lattice.view;
    const picture = new Uint8Array(size * size);
    for (let row = 0, i = 0; row < size; row++)
      for (let j = (row + 1) * (size + 2) + 1, end = j + size; j < end; j++, i++)
        picture[i] = lattice[j] & OCCUPIED ? 2 : lattice[j] & MODIFIED;
    return picture;
  }

  get nModified() {
    return Number(this.state.counters.view[MODIFICATIONS]);
  }
}
