// What the reader can turn: names and ranges, and how values become positions, words and addresses.

// Sliders move on the logarithm, in steps of about three per cent.
const STEPS = 120;

export const SLIDERS = [
  {
    of: "laser",
    name: "power_nW",
    label: "Laser power",
    unit: "nW",
    spoken: "nanowatts",
    range: [0.2, 25],
  },
  {
    of: "laser",
    name: "rep_rate_MHz",
    label: "Repetition rate",
    unit: "MHz",
    spoken: "megahertz",
    range: [0.5, 40],
  },
  {
    of: "laser",
    name: "spot_fwhm_nm",
    label: "Spot, full width",
    unit: "nm",
    spoken: "nanometres",
    range: [250, 500],
  },
  {
    of: "model",
    name: "relaxation_time_us",
    label: "Memory",
    unit: "µs",
    spoken: "microseconds",
    range: [0.05, 20],
  },
  {
    of: "model",
    name: "modification_probability",
    label: "Chance q that a visit modifies",
    unit: "",
    spoken: "",
    range: [0.01, 1],
  },
  {
    of: "model",
    name: "hop_rate_ground_per_ps",
    label: "Hop rate to sites at rest",
    unit: "/ps",
    spoken: "per picosecond",
    range: [0.001, 0.5],
  },
  {
    of: "model",
    name: "hop_rate_modified_per_ps",
    label: "Hop rate to sites that remember",
    unit: "/ps",
    spoken: "per picosecond",
    range: [0.01, 1],
  },
  {
    of: "model",
    name: "lifetime_ns",
    label: "Lifetime",
    unit: "ns",
    spoken: "nanoseconds",
    range: [0.5, 6],
  },
];

// What a link says beside the sliders, so that it repeats all of a film: numbers and their ranges.
const OTHERS = {
  trap_rate_per_ps: [0, 0.5],
  trap_time_minimum_ns: [0.001, 1000],
  trap_exponent: [0.1, 10],
  lattice_spacing_nm: [5, 50],
};
const HOP_RULES = ["chosen_neighbour", "each_neighbour"];

// Three digits are enough for a slider; its ends are exact.
export function valueAt(position, [low, high]) {
  return Number((low * (high / low) ** (position / STEPS)).toPrecision(3));
}

export function positionOf(value, [low, high]) {
  const position = (STEPS * Math.log(value / low)) / Math.log(high / low);
  return Math.round(Math.max(0, Math.min(STEPS, position)));
}

// A number to three digits, as people write it.
export function shown(value) {
  return String(Number(value.toPrecision(3)));
}

// A value with its error, to the digits that the error leaves.
export function withError(value, error) {
  if (!(error > 0)) return shown(value);
  const digits = Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(error))));
  return `${value.toFixed(digits)} ± ${error.toFixed(digits)}`;
}

// The part of an address that holds film, laser and seed.
export function toQuery({ model, laser, seed }) {
  const query = new URLSearchParams();
  for (const { of, name } of SLIDERS) query.set(name, { laser, model }[of][name]);
  for (const name of [...Object.keys(OTHERS), "hop_rule", "film"]) query.set(name, model[name]);
  query.set("seed", seed);
  return `?${query}`;
}

// The same read back; what an address lacks, or says wrongly, stays as it is.
export function fromQuery(text, { model, laser, seed }) {
  const query = new URLSearchParams(text);
  const found = { model: { ...model }, laser: { ...laser }, seed };
  const others = Object.entries(OTHERS).map(([name, range]) => ({ of: "model", name, range }));
  for (const { of, name, range } of [...SLIDERS, ...others]) {
    const value = Number(query.get(name) || NaN);
    if (value >= range[0] && value <= range[1]) found[of][name] = value;
  }
  if (HOP_RULES.includes(query.get("hop_rule"))) found.model.hop_rule = query.get("hop_rule");
  if (query.has("film")) found.model.film = query.get("film");
  if (/^\d{1,15}$/.test(query.get("seed") ?? "")) found.seed = Number(query.get("seed"));
  return found;
}

const MODEL_PARAMETERS = [
  "hop_rate_ground_per_ps",
  "hop_rate_modified_per_ps",
  "lifetime_ns",
  "relaxation_time_us",
  "lattice_spacing_nm",
  "lattice_size",
  "hop_rule",
  "trap_rate_per_ps",
  "trap_time_minimum_ns",
  "trap_exponent",
  "modification_probability",
];

// The call of the package that makes the very same run.
export function pythonCall({ model, laser, seed }, nPulses, nTrains) {
  const parameters = MODEL_PARAMETERS.map((name) => `    ${name}=${JSON.stringify(model[name])},`);
  return `from tptools import kmc
from tptools.excitation import Excitation

model = kmc.ExcitonModel(
${parameters.join("\n")}
)
laser = Excitation(
${["power_nW", "rep_rate_MHz", "spot_fwhm_nm"].map((one) => `    ${one}=${laser[one]},`).join("\n")}
)
pulses = kmc.pulse_train(laser, n_pulses=${nPulses}, lattice_spacing_nm=model.lattice_spacing_nm)
recording = kmc.Recording(interval_ps=1000, until_ns=1)
run = kmc.simulate(model, pulses, seed=${seed}, n_trains=${nTrains}, recording=recording)
print(kmc.diffusivity(run, time_ns=1))
`;
}
