"""Compiled kernels of the hopping model: loops over integer arrays, nothing else.

Those that run at every recorded instant are inlined: a call would count references to every array
it is given, which took half of the time where excitons are few.

Sites of the lattice are numbered row by row in a flat array that carries a one-site frame.
A site is a sum of the bits below; an exciton is a row of the columns below.
"""

from math import log, sqrt
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tptools.arrays import FloatArray
from tptools.compiled import compiled

MODIFIED, VISITED, OCCUPIED, FRAME = 1, 2, 4, 8
N_SITE_STATES = 16

POSITION, INITIAL_R2, CLOCK, FREE_STEPS = 0, 1, 2, 3
N_COLUMNS = 4

WALKING, TRAPPED, VISITS, MODIFICATIONS, REACHED_EDGE = range(5)
N_COUNTERS = 5

NEVER = 1 << 60
ANNIHILATED = -1
ACCEPTANCE_BITS = 62

Integer = int | np.int64


class Rules(NamedTuple):
    """Constants of one model, in steps and sites, as the kernels use them.

    Attributes
    ----------
    row_length : int
        Sites from one row of the flat lattice to the next, frame included.
    centre : int
        Row, and column, of the site under the centre of the spot.
    offsets : ndarray, (4,)
        From a site to its neighbours.
    thresholds : ndarray, (N_SITE_STATES,)
        Chance that an attempt towards a site in that state is accepted, times 2**ACCEPTANCE_BITS.
    log_no_decay, log_no_trapping : float
        log(1 - p) with p the chance per step to decay, and to be trapped.
    dark_minimum_steps, dark_exponent : float
        t_min and mu of the dark times: P(t > s) = (t_min / s)**mu.
    log_no_relaxation : float
        -period/tau: logarithm of the chance that a modified site outlasts one period.
    annihilates : bool
        Whether an attempt towards an occupied site can end the exciton.
    """

    row_length: int
    centre: int
    offsets: NDArray[np.int64]
    thresholds: NDArray[np.uint64]
    log_no_decay: float
    log_no_trapping: float
    dark_minimum_steps: float
    dark_exponent: float
    log_no_relaxation: float
    annihilates: bool


class Spot(NamedTuple):
    """Sites that the pulse can excite, brightest first, with their probabilities: (n_sites,)."""

    sites: NDArray[np.int64]
    probabilities: FloatArray


class State(NamedTuple):
    """Everything that changes while one train of pulses runs.

    Attributes
    ----------
    lattice : ndarray, (row_length**2,)
        State of every site, frame included.
    walking, trapped : ndarray, (n_excitons, N_COLUMNS)
        Heaps of excitons, ordered by the step at which their run, or their dark time, ends.
    visited, modified : ndarray, (n_sites + 1,)
        Sites visited since the pulse, and sites modified now, in order of their first visit.
    counters : ndarray, (N_COUNTERS,)
        Filled rows of the four arrays above, and whether an exciton met the frame.
    random : ndarray, (4,)
        State of xoshiro256++.
    """

    lattice: NDArray[np.uint8]
    walking: NDArray[np.int64]
    trapped: NDArray[np.int64]
    visited: NDArray[np.int32]
    modified: NDArray[np.int32]
    counters: NDArray[np.int64]
    random: NDArray[np.uint64]


class Record(NamedTuple):
    """Sums over pulses; the first axis is the block of pulses they belong to.

    Attributes
    ----------
    interval : int
        Steps between recorded instants.
    n_times : int
        Recorded instants after a pulse, time 0 included.
    tail_bins_per_e_fold : float
        Bins of the delay, beyond the last instant, in which it grows by a factor e.
    created, dropped : ndarray, (block,)
        Excitons at time 0, and those left at the end.
    exciton_count, r2, initial_r2, visited, modified : ndarray, (block, time)
        Excitons, their squared distances from the centre in sites, those that the same excitons
        had at time 0, and sites visited and modified.
    x, y, walking_radius, trapped_radius : ndarray, (block, time, site)
        Excitons by column, by row, and by radius to the nearest site.
    emission : ndarray, (block, delay, site)
        Photons by bin of delay and by radius.
    """

    interval: int
    n_times: int
    tail_bins_per_e_fold: float
    created: NDArray[np.int64]
    dropped: NDArray[np.int64]
    exciton_count: NDArray[np.int64]
    r2: NDArray[np.int64]
    initial_r2: NDArray[np.int64]
    visited: NDArray[np.int64]
    modified: NDArray[np.int64]
    x: NDArray[np.uint32]
    y: NDArray[np.uint32]
    walking_radius: NDArray[np.uint32]
    trapped_radius: NDArray[np.uint32]
    emission: NDArray[np.uint32]


@njit(inline="always")
def _next_random(
    s0: np.uint64, s1: np.uint64, s2: np.uint64, s3: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64, np.uint64]:
    """One 64-bit number and the next state of xoshiro256++ (Blackman and Vigna, 2021)."""
    total = s0 + s3
    value = ((total << np.uint64(23)) | (total >> np.uint64(41))) + s0
    shifted = s1 << np.uint64(17)
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    s3 = (s3 << np.uint64(45)) | (s3 >> np.uint64(19))
    return value, s0, s1, s2, s3


@njit
def _uniform(random: NDArray[np.uint64]) -> float:
    """Uniform number (k + 1) / 2**53 in (0, 1], with k the upper 53 bits of a random number."""
    value, random[0], random[1], random[2], random[3] = _next_random(
        random[0], random[1], random[2], random[3]
    )
    return ((value >> np.uint64(11)) + np.uint64(1)) * (1.0 / 9007199254740992.0)


@njit
def _trials_until_success(log_failure: float, random: NDArray[np.uint64]) -> int:
    """Geometric number 1 + floor(log u / log(1 - p)) for log(1 - p) = log_failure.

    NEVER where p is 0.
    """
    if log_failure == 0.0:
        return NEVER
    trials = log(_uniform(random)) / log_failure
    return 1 + (int(trials) if trials < NEVER else NEVER)


@njit
def _push(queue: NDArray[np.int64], size: Integer, row: NDArray[np.int64]) -> None:
    """Add the last row to a binary heap ordered by CLOCK, earliest first."""
    child = size
    while child > 0:
        parent = (child - 1) // 2
        if queue[parent, CLOCK] <= row[CLOCK]:
            break
        queue[child] = queue[parent]
        child = parent
    queue[child] = row


@njit
def _pop(queue: NDArray[np.int64], size: Integer, row: NDArray[np.int64]) -> None:
    """Move the earliest row of a heap into ``row``."""
    row[:] = queue[0]
    last = size - 1
    hole = 0
    while True:
        child = 2 * hole + 1
        if child >= last:
            break
        if child + 1 < last and queue[child + 1, CLOCK] < queue[child, CLOCK]:
            child += 1
        if queue[last, CLOCK] <= queue[child, CLOCK]:
            break
        queue[hole] = queue[child]
        hole = child
    queue[hole] = queue[last]


@njit(inline="always")
def _place(rules: Rules, site: Integer) -> tuple[Integer, Integer, Integer]:
    """Column, row and squared distance of a site, counted from the centre of the spot."""
    row = site // rules.row_length
    x = site - row * rules.row_length - rules.centre
    y = row - rules.centre
    return x, y, x * x + y * y


@njit
def _start_free_run(rules: Rules, state: State, row: NDArray[np.int64]) -> None:
    """Set an exciton walking until it decays or is trapped, whichever comes first."""
    until_trapped = _trials_until_success(rules.log_no_trapping, state.random)
    run = min(row[FREE_STEPS], until_trapped)
    row[FREE_STEPS] -= run
    row[CLOCK] = min(row[CLOCK] + run, NEVER)
    _push(state.walking, state.counters[WALKING], row)
    state.counters[WALKING] += 1


@njit
def _trap(rules: Rules, state: State, row: NDArray[np.int64]) -> None:
    """Hold an exciton for a dark time t_min u^(-1/mu), a Pareto law with exponent mu."""
    dark = rules.dark_minimum_steps * _uniform(state.random) ** (-1.0 / rules.dark_exponent)
    row[CLOCK] = min(row[CLOCK] + (int(dark) if dark < NEVER else NEVER), NEVER)
    _push(state.trapped, state.counters[TRAPPED], row)
    state.counters[TRAPPED] += 1


@njit
def _mark_visit(state: State, site: Integer) -> None:
    """Set an exciton down: the site is occupied, visited and modified from now on."""
    counters = state.counters
    before = state.lattice[site]
    state.lattice[site] = before | OCCUPIED | VISITED | MODIFIED
    if not before & VISITED:
        state.visited[counters[VISITS]] = site
        counters[VISITS] += 1
    if not before & MODIFIED:
        state.modified[counters[MODIFICATIONS]] = site
        counters[MODIFICATIONS] += 1


@njit
def create_excitons(rules: Rules, spot: Spot, state: State, row: NDArray[np.int64]) -> None:
    """Excite every site with probability alpha exp(-r^2 / 2 sigma^2), each on its own.

    The sites come brightest first, so that the next success at the present brightness is drawn
    as a geometric skip and then accepted with the ratio of the two probabilities.

    Parameters
    ----------
    rules, spot
        Constants.
    state
        Gains the excitons.
    row : ndarray, (N_COLUMNS,)
        Room for one exciton.
    """
    i = 0
    while i < spot.sites.size:
        bound = spot.probabilities[i]
        i += _trials_until_success(np.log1p(-bound), state.random) - 1
        if i >= spot.sites.size:
            break
        if _uniform(state.random) * bound <= spot.probabilities[i]:
            row[POSITION] = spot.sites[i]
            _, _, row[INITIAL_R2] = _place(rules, spot.sites[i])
            row[CLOCK] = 0
            row[FREE_STEPS] = _trials_until_success(rules.log_no_decay, state.random)
            _mark_visit(state, spot.sites[i])
            _start_free_run(rules, state, row)
        i += 1


@njit(inline="always")
def _walk(rules: Rules, state: State, n_steps: Integer) -> None:
    """Let every walking exciton attempt ``n_steps`` hops.

    An attempt takes one random number: two bits choose the neighbour, the rest is accepted below
    the threshold for the state of that neighbour (zero where it is occupied). The update has no
    branch, because the processor could not guess it.
    """
    lattice, walking = state.lattice, state.walking
    visited, modified = state.visited, state.modified
    offsets, thresholds = rules.offsets, rules.thresholds
    n_walking = state.counters[WALKING]
    n_visited = state.counters[VISITS]
    n_modified = state.counters[MODIFICATIONS]
    s0, s1, s2, s3 = state.random[0], state.random[1], state.random[2], state.random[3]
    seen: Integer = 0
    for _ in range(n_steps):
        for i in range(n_walking):
            value, s0, s1, s2, s3 = _next_random(s0, s1, s2, s3)
            here = walking[i, POSITION]
            there = here + offsets[value & np.uint64(3)]
            before = np.int64(lattice[there])
            seen |= before
            hops = np.int64((value >> np.uint64(2)) < thresholds[before])
            arrival = here + hops * (there - here)
            lattice[here] = VISITED | MODIFIED
            lattice[arrival] = OCCUPIED | VISITED | MODIFIED
            walking[i, POSITION] = arrival
            visited[n_visited] = there
            n_visited += hops & ~(before // VISITED)
            modified[n_modified] = there
            n_modified += hops & ~(before // MODIFIED)
    state.random[0], state.random[1], state.random[2], state.random[3] = s0, s1, s2, s3
    state.counters[VISITS] = n_visited
    state.counters[MODIFICATIONS] = n_modified
    state.counters[REACHED_EDGE] |= seen & FRAME


@njit
def _walk_annihilating(
    rules: Rules, state: State, n_steps: Integer, row: NDArray[np.int64]
) -> None:
    """As `_walk`, but an accepted attempt towards an occupied site ends the exciton that made it.

    A kernel of its own, since the branch would slow down the other one.
    """
    lattice, walking, random = state.lattice, state.walking, state.random
    for _ in range(n_steps):
        lost = False
        for i in range(state.counters[WALKING]):
            value, random[0], random[1], random[2], random[3] = _next_random(
                random[0], random[1], random[2], random[3]
            )
            here = walking[i, POSITION]
            there = here + rules.offsets[value & np.uint64(3)]
            before = lattice[there]
            state.counters[REACHED_EDGE] |= before & FRAME
            if (value >> np.uint64(2)) >= rules.thresholds[before]:
                continue
            lattice[here] ^= OCCUPIED
            if before & OCCUPIED:
                walking[i, CLOCK] = ANNIHILATED
                lost = True
            else:
                walking[i, POSITION] = there
                _mark_visit(state, there)
        if lost:
            _remove_annihilated(state, row)


@njit
def _remove_annihilated(state: State, row: NDArray[np.int64]) -> None:
    """Order the excitons that are left by their clocks again."""
    kept = 0
    for i in range(state.counters[WALKING]):
        if state.walking[i, CLOCK] != ANNIHILATED:
            row[:] = state.walking[i]
            _push(state.walking, kept, row)
            kept += 1
    state.counters[WALKING] = kept


@njit
def _record_emission(rules: Rules, record: Record, block: int, row: NDArray[np.int64]) -> None:
    """Count one photon in its bin of delay (linear, then logarithmic) and radius."""
    n_linear = record.n_times - 1
    window = n_linear * record.interval
    if row[CLOCK] <= window:
        delay = (row[CLOCK] - 1) // record.interval
    else:
        delay = n_linear + int(log(row[CLOCK] / window) * record.tail_bins_per_e_fold)
    delay = min(delay, record.emission.shape[1] - 1)
    _, _, r2 = _place(rules, row[POSITION])
    record.emission[block, delay, int(sqrt(r2) + 0.5)] += 1


@njit(inline="always")
def evolve(
    rules: Rules,
    state: State,
    record: Record,
    block: int,
    start: Integer,
    stop: Integer,
    row: NDArray[np.int64],
) -> None:
    """Move all excitons from step ``start`` to step ``stop``, decays and traps included.

    Stops at once if an exciton meets the frame.

    Parameters
    ----------
    rules
        Constants.
    state, record
        Moved on, and what is emitted on the way.
    block : int
        Where to record; -1 records nothing.
    start, stop : int
        Steps since the pulse.
    row : ndarray, (N_COLUMNS,)
        Room for one exciton.
    """
    counters = state.counters
    now = start
    while now < stop and counters[WALKING] + counters[TRAPPED] > 0:
        until = stop
        if counters[WALKING] > 0:
            until = min(until, state.walking[0, CLOCK])
        if counters[TRAPPED] > 0:
            until = min(until, state.trapped[0, CLOCK])
        if counters[WALKING] > 0:
            if rules.annihilates:
                _walk_annihilating(rules, state, until - now, row)
            else:
                _walk(rules, state, until - now)
        if counters[REACHED_EDGE]:
            return
        now = until
        while counters[WALKING] > 0 and state.walking[0, CLOCK] <= now:
            _pop(state.walking, counters[WALKING], row)
            counters[WALKING] -= 1
            if row[FREE_STEPS] > 0:
                _trap(rules, state, row)
            else:
                state.lattice[row[POSITION]] ^= OCCUPIED
                if block >= 0:
                    _record_emission(rules, record, block, row)
        while counters[TRAPPED] > 0 and state.trapped[0, CLOCK] <= now:
            _pop(state.trapped, counters[TRAPPED], row)
            counters[TRAPPED] -= 1
            _start_free_run(rules, state, row)


@njit(inline="always")
def _record_population(
    rules: Rules,
    record: Record,
    radius: NDArray[np.uint32],
    block: int,
    time: int,
    population: NDArray[np.int64],
    size: Integer,
) -> None:
    """Add the positions of some excitons to the sums and histograms of one instant."""
    for i in range(size):
        x, y, r2 = _place(rules, population[i, POSITION])
        record.r2[block, time] += r2
        record.initial_r2[block, time] += population[i, INITIAL_R2]
        record.x[block, time, x + rules.centre - 1] += 1
        record.y[block, time, y + rules.centre - 1] += 1
        radius[block, time, int(sqrt(r2) + 0.5)] += 1


@njit(inline="always")
def _record_instant(rules: Rules, state: State, record: Record, block: int, time: int) -> None:
    """Add the present excitons and lattice to the sums of one instant after the pulse."""
    counters = state.counters
    record.exciton_count[block, time] += counters[WALKING] + counters[TRAPPED]
    record.visited[block, time] += counters[VISITS]
    record.modified[block, time] += counters[MODIFICATIONS]
    walking, trapped = state.walking, state.trapped
    _record_population(
        rules, record, record.walking_radius, block, time, walking, counters[WALKING]
    )
    _record_population(
        rules, record, record.trapped_radius, block, time, trapped, counters[TRAPPED]
    )


@njit
def _drop(state: State, population: NDArray[np.int64], counter: int) -> None:
    """Take the excitons that are still there off the lattice."""
    for i in range(state.counters[counter]):
        state.lattice[population[i, POSITION]] ^= OCCUPIED
    state.counters[counter] = 0


@njit
def relax(rules: Rules, state: State) -> None:
    """Return modified sites to the ground state, each with probability 1 - exp(-period/tau).

    The list is walked from its end in geometric skips; a removed entry is replaced by the last
    one, which has already been passed over.

    Parameters
    ----------
    rules
        Constants.
    state
        Without excitons; gets ready for the next pulse.
    """
    counters = state.counters
    for i in range(counters[VISITS]):
        state.lattice[state.visited[i]] ^= VISITED
    counters[VISITS] = 0
    i = counters[MODIFICATIONS]
    while True:
        i -= _trials_until_success(rules.log_no_relaxation, state.random)
        if i < 0:
            break
        counters[MODIFICATIONS] -= 1
        state.lattice[state.modified[i]] = 0
        state.modified[i] = state.modified[counters[MODIFICATIONS]]


@compiled
def run_pulses(
    rules: Rules,
    spot: Spot,
    state: State,
    record: Record,
    block: int,
    n_pulses: int,
    last_step: int,
) -> None:
    """Run pulses one after the other (Note 2), recorded in ``block`` or, if it is -1, not at all.

    Each pulse finds the lattice that the one before left behind, and is followed until its last
    exciton has decayed or ``last_step`` is reached. Stops at once if an exciton meets the frame.

    Parameters
    ----------
    rules, spot
        Constants.
    state, record
        Moved on, and what is added to.
    block : int
        Where to record; -1 records nothing.
    n_pulses : int
        How many pulses.
    last_step : int
        Steps after which the excitons left are dropped; NEVER follows all.
    """
    row = np.empty(N_COLUMNS, np.int64)
    counters = state.counters
    for _ in range(n_pulses):
        create_excitons(rules, spot, state, row)
        now = 0
        if block >= 0:
            record.created[block] += counters[WALKING]
            for time in range(record.n_times):
                evolve(rules, state, record, block, now, time * record.interval, row)
                now = time * record.interval
                _record_instant(rules, state, record, block, time)
        evolve(rules, state, record, block, now, last_step, row)
        if counters[REACHED_EDGE]:
            return
        if block >= 0:
            record.dropped[block] += counters[WALKING] + counters[TRAPPED]
        _drop(state, state.walking, WALKING)
        _drop(state, state.trapped, TRAPPED)
        relax(rules, state)


@compiled
def run_frames(
    rules: Rules,
    spot: Spot,
    state: State,
    record: Record,
    steps: NDArray[np.int64],
    frames: NDArray[np.uint8],
) -> None:
    """Run one more pulse and copy the lattice into ``frames`` at each of the given steps.

    Parameters
    ----------
    rules, spot
        Constants.
    state, record
        Moved on, and left as it is.
    steps : ndarray, (n_frames,)
        Steps since the pulse, increasing.
    frames : ndarray, (n_frames, row_length**2)
        Filled.
    """
    row = np.empty(N_COLUMNS, np.int64)
    create_excitons(rules, spot, state, row)
    now = 0
    for frame in range(steps.size):
        evolve(rules, state, record, -1, now, steps[frame], row)
        now = steps[frame]
        frames[frame] = state.lattice
