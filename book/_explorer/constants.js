// From parameters in units to the constants of the kernels, as tptools.excitation and tptools.kmc.

const FWHM_PER_SIGMA = Math.sqrt(8 * Math.log(2));
const RELAXATION_TIMES_OF_BURN_IN = 5;
const SPOT_SIGMAS_ON_LATTICE = 6;
const NEGLIGIBLE_EXCITATION_PROBABILITY = 1e-15;
const N_NEIGHBOURS = 4;

export const NEVER = 1n << 60n;
export const ACCEPTANCE_BITS = 62;
export const MODIFIED = 1;
export const OCCUPIED = 4;
export const FRAME = 8;
const WALL = 16;
const N_SITE_STATES = 32;

// Photons absorbed per nanocrystal and pulse at the centre of the spot, <N>.
export function excitationDensity(laser, optics) {
  const radius_cm = 0.5e-7 * laser.spot_fwhm_nm;
  const disc_W_cm2 = (1e-9 * (laser.power_nW * optics.throughput)) / (Math.PI * radius_cm ** 2);
  const fluence_uJ_cm2 = (disc_W_cm2 * Math.LN2) / laser.rep_rate_MHz;
  return optics.absorption_cross_section_cm2 * ((1e-6 * fluence_uJ_cm2) / optics.photon_energy_J);
}

// What tptools.kmc.pulse_train makes of a laser.
export function pulseTrain(laser, optics, lattice_spacing_nm) {
  return {
    excitation_density: excitationDensity(laser, optics),
    period_us: 1 / laser.rep_rate_MHz,
    spot_sigma_sites: laser.spot_fwhm_nm / FWHM_PER_SIGMA / lattice_spacing_nm,
  };
}

// Pulses before the first one that is recorded.
export function burnIn(model, pulses) {
  return Math.ceil((RELAXATION_TIMES_OF_BURN_IN * model.relaxation_time_us) / pulses.period_us);
}

// Why the package would refuse to run this, or nothing.
export function refusal(model, pulses) {
  const needed = 2 * Math.ceil(SPOT_SIGMAS_ON_LATTICE * pulses.spot_sigma_sites) + 1;
  if (pulses.excitation_density > 1)
    return (
      "These pulses hold more than one photon for a nanocrystal at the centre, which the model " +
      "leaves out. Lower the power, widen the spot, or raise the repetition rate."
    );
  if (needed > model.lattice_size)
    return "The spot is too wide for the lattice shown here. Narrow it.";
  return "";
}

// Hop attempts of an exciton per ps.
export function attemptsPerPs(model) {
  if (model.hop_rule === "chosen_neighbour") return 1;
  const fastest = Math.max(
    model.hop_rate_ground_per_ps,
    model.hop_rate_modified_per_ps,
    model.annihilation_rate_per_ps,
  );
  return Math.max(1, Math.ceil(N_NEIGHBOURS * fastest));
}

// Nearest whole number, the even one of two, as Python's round.
export function round(value) {
  const below = Math.floor(value);
  const rest = value - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 === 1);
  return BigInt(up ? below + 1 : below);
}

// Chance that an attempt is accepted by the state of the site, as whole numbers.
function thresholds(model) {
  const neighbours = model.hop_rule === "chosen_neighbour" ? 1 : N_NEIGHBOURS;
  const found = new BigUint64Array(N_SITE_STATES);
  for (let site = 0; site < FRAME; site++) {
    let rate = model.hop_rate_ground_per_ps;
    if (site & OCCUPIED) rate = model.annihilation_rate_per_ps;
    else if (site & MODIFIED) rate = model.hop_rate_modified_per_ps;
    found[site] = round(((neighbours * rate) / attemptsPerPs(model)) * 2 ** ACCEPTANCE_BITS);
  }
  return found;
}

// Thresholds below which an attempt is accepted and modifies the site.
function modifying(model, accepted) {
  return accepted.map((one, site) =>
    site & OCCUPIED ? 0n : round(model.modification_probability * Number(one)),
  );
}

// Constants of one model, in steps and sites: engine.Rules.
export function rules(model, pulses) {
  const row = model.lattice_size + 2;
  const steps_per_ns = 1e3 * attemptsPerPs(model);
  const accepted = thresholds(model);
  return {
    row_length: row,
    column_length: 1,
    centre: Math.floor(model.lattice_size / 2) + 1,
    offsets: BigInt64Array.from([1, -1, row, -row, 1, -1, 1, -1].map(BigInt)),
    vertical: 0,
    avoided: model.hop_rule === "chosen_neighbour" ? WALL : 0,
    thresholds: accepted,
    modifying: modifying(model, accepted),
    modification_probability: model.modification_probability,
    log_no_decay: Math.log1p(-1 / (model.lifetime_ns * steps_per_ns)),
    log_no_trapping: Math.log1p(-model.trap_rate_per_ps / attemptsPerPs(model)),
    dark_minimum_steps: model.trap_time_minimum_ns * steps_per_ns,
    dark_exponent: model.trap_exponent,
    log_no_relaxation: -pulses.period_us / model.relaxation_time_us,
    is_plain: model.modification_probability === 1 && model.annihilation_rate_per_ps === 0,
    period: NEVER,
  };
}

// Sites in order of falling excitation probability, up to the reach of the spot: engine.Spot.
export function spot(model, pulses) {
  const size = model.lattice_size;
  const half = Math.floor(size / 2);
  const variance = pulses.spot_sigma_sites ** 2;
  const density = pulses.excitation_density;
  const faintest = NEGLIGIBLE_EXCITATION_PROBABILITY / density;
  const reach = Math.ceil(Math.sqrt(2 * variance * Math.max(-Math.log(faintest), 0)));
  const first = Math.max(-reach, -half);
  const width = Math.min(reach + 1, size - half) - first;
  const keys = new Float64Array(width * width);
  // squared distance and place in one number: sorted, sites of one distance keep their order
  for (let i = 0; i < keys.length; i++) {
    const y = Math.floor(i / width) + first;
    const x = (i % width) + first;
    keys[i] = (x * x + y * y) * keys.length + i;
  }
  keys.sort();
  const sites = new BigInt64Array(keys.length);
  const probabilities = new Float64Array(keys.length);
  const corner = half + first + 1;
  let kept = 0;
  for (const key of keys) {
    const r2 = Math.floor(key / keys.length);
    const probability = density * Math.exp(-r2 / (2 * variance));
    if (probability < NEGLIGIBLE_EXCITATION_PROBABILITY) break;
    const i = key - r2 * keys.length;
    const row = Math.floor(i / width);
    sites[kept] = BigInt((row + corner) * (size + 2) + (i % width) + corner);
    probabilities[kept++] = probability;
  }
  return { sites: sites.subarray(0, kept), probabilities: probabilities.subarray(0, kept) };
}
