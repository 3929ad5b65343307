"""Compiled kernels of the hopping model: loops over integer arrays, nothing else.

To record costs little as long as no references to arrays are counted (`compiled_in_place`) and
what runs at every instant is no call: a call hands on each array of the record piece by piece.
Positions kept in a buffer and counted in bulk, or histograms with time as the fastest axis, were
no faster than counting every position at its instant.

Sites of the lattice are numbered row by row in a flat array that carries a one-site frame. Layers
lie one after the other at each place of the plane, and after them a wall, so that it is above the
first layer and below the last one; a single layer has none.
A site is a sum of the bits below; an exciton is a row of the columns below.
"""

from math import log, sqrt
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tptools.arrays import FloatArray
from tptools.compiled import compiled_in_place, compiled_within

MODIFIED, VISITED, OCCUPIED, FRAME, WALL = 1, 2, 4, 8, 16
N_SITE_STATES = 32

POSITION, INITIAL_R2, CLOCK, FREE_STEPS, AGE = range(5)
N_COLUMNS = AGE
"""Of an exciton that does not outlive its period; where excitons stay there is one more, AGE."""

N_COUNTERS = 5
WALKING, TRAPPED, VISITS, MODIFICATIONS, REACHED_EDGE = range(N_COUNTERS)

NEVER = 1 << 60
ANNIHILATED = -1
ACCEPTANCE_BITS = 62
LAYER_BITS = 24

Integer = int | np.int64


class Rules(NamedTuple):
    """Constants of one model, in steps and sites, as the kernels use them.

    Attributes
    ----------
    row_length, column_length : int
        Sites from one row of the flat lattice to the next, frame included, and from one column.
    centre : int
        Row, and column, of the site under the centre of the spot.
    offsets : ndarray, (8,)
        From a site to its neighbours in the plane; above, below and once more above, below.
    vertical : uint64
        Chance that an attempt goes up or down, times 2**LAYER_BITS.
    avoided : uint8
        Site that is no neighbour: an exciton that picks it takes another one instead.
    thresholds : ndarray, (N_SITE_STATES,)
        Chance that an attempt towards a site in that state is accepted, times 2**ACCEPTANCE_BITS.
    modifying : ndarray, (N_SITE_STATES,)
        The same that it also modifies the site.
    modification_probability : float
        Chance that an excitation modifies its site.
    log_no_decay, log_no_trapping : float
        log(1 - p) with p the chance per step to decay, and to be trapped.
    dark_minimum_steps, dark_exponent : float
        t_min and mu of the dark times: P(t > s) = (t_min / s)**mu.
    log_no_relaxation : float
        -period/tau: logarithm of the chance that a modified site outlasts one period.
    is_plain : bool
        Whether `_walk` does: every visit modifies, occupied sites only block, in one layer.
    period : int
        Steps to the next pulse, where excitons that are left then stay; NEVER where each pulse
        is followed to its end.
    """

    row_length: int
    column_length: int
    centre: int
    offsets: NDArray[np.int64]
    vertical: np.uint64
    avoided: np.uint8
    thresholds: NDArray[np.uint64]
    modifying: NDArray[np.uint64]
    modification_probability: float
    log_no_decay: float
    log_no_trapping: float
    dark_minimum_steps: float
    dark_exponent: float
    log_no_relaxation: float
    is_plain: bool
    period: int


class Spot(NamedTuple):
    """Sites that the pulse can excite, brightest first, with their probabilities: (n_sites,)."""

    sites: NDArray[np.int64]
    probabilities: FloatArray


class State(NamedTuple):
    """Everything that changes while one train of pulses runs.

    Attributes
    ----------
    lattice : ndarray, (n_rows * row_length,)
        State of every site, frame included.
    walking, trapped : ndarray, (n_excitons, N_COLUMNS or N_COLUMNS + 1)
        Heaps of excitons, ordered by the step at which their run, or their dark time, ends.
        Where excitons stay, AGE is the number of steps from their own pulse to the last one.
    visited, modified : ndarray, (n_rows * row_length,)
        Sites visited since the pulse, and sites modified now, in order of their first visit. The
        kernels also write the entry after the last one.
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
    """Sums over pulses.

    Attributes
    ----------
    interval : int
        Steps between recorded instants.
    n_times : int
        Recorded instants after a pulse, time 0 included.
    tail_bins_per_e_fold : float
        Bins of the delay, beyond the last instant, in which it grows by a factor e.
    created, dropped, carried : ndarray, (1,)
        Excitons at time 0, those left at the end, and those of earlier pulses at time 0.
    exciton_count, r2, initial_r2, visited, modified : ndarray, (time,)
        Excitons of the pulse, their squared distances from the centre in sites, those that the
        same excitons had at time 0, and sites visited and modified.
    x, y, walking_radius, trapped_radius : ndarray, (time, site)
        Excitons of the pulse by column, by row, and by radius to the nearest site.
    emission : ndarray, (delay, site)
        Photons by bin of delay after their own pulse and by radius.
    """

    interval: int
    n_times: int
    tail_bins_per_e_fold: float
    created: NDArray[np.int64]
    dropped: NDArray[np.int64]
    carried: NDArray[np.int64]
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


@compiled_within
def _uniform(random: NDArray[np.uint64]) -> float:
    """Uniform number (k + 1) / 2**53 in (0, 1], with k the upper 53 bits of a random number."""
    value, random[0], random[1], random[2], random[3] = _next_random(
        random[0], random[1], random[2], random[3]
    )
    return ((value >> np.uint64(11)) + np.uint64(1)) * (1.0 / 9007199254740992.0)


@compiled_within
def _trials_until_success(log_failure: float, random: NDArray[np.uint64]) -> int:
    """Geometric number 1 + floor(log u / log(1 - p)) for log(1 - p) = log_failure.

    NEVER where p is 0.
    """
    if log_failure == 0.0:
        return NEVER
    trials = log(_uniform(random)) / log_failure
    return 1 + (int(trials) if trials < NEVER else NEVER)


@compiled_within
def _copy(
    source: NDArray[np.int64], row: Integer, target: NDArray[np.int64], target_row: Integer
) -> None:
    """Copy one exciton."""
    for column in range(N_COLUMNS):
        target[target_row, column] = source[row, column]
    if source.shape[1] > AGE:
        target[target_row, AGE] = source[row, AGE]


@compiled_within
def _push(queue: NDArray[np.int64], size: Integer) -> None:
    """Let row ``size`` rise to its place in a binary heap ordered by CLOCK, earliest first."""
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if queue[parent, CLOCK] <= queue[child, CLOCK]:
            break
        for column in range(N_COLUMNS):
            above = queue[parent, column]
            queue[parent, column] = queue[child, column]
            queue[child, column] = above
        if queue.shape[1] > AGE:
            queue[parent, AGE], queue[child, AGE] = queue[child, AGE], queue[parent, AGE]
        child = parent


@compiled_within
def _pop(queue: NDArray[np.int64], size: Integer) -> None:
    """Take the earliest of ``size`` rows out of a heap."""
    last = size - 1
    hole = np.int64(0)
    while True:
        child = 2 * hole + 1
        if child >= last:
            break
        if child + 1 < last and queue[child + 1, CLOCK] < queue[child, CLOCK]:
            child += 1
        if queue[last, CLOCK] <= queue[child, CLOCK]:
            break
        _copy(queue, child, queue, hole)
        hole = child
    _copy(queue, last, queue, hole)


@compiled_within
def _place(rules: Rules, site: Integer) -> tuple[Integer, Integer, Integer]:
    """Column, row and squared distance of a site, counted from the centre of the spot."""
    row = site // rules.row_length
    x = site - row * rules.row_length
    if rules.column_length > 1:
        x //= rules.column_length
    x -= rules.centre
    y = row - rules.centre
    return x, y, x * x + y * y


@compiled_within
def _start_free_run(rules: Rules, state: State) -> None:
    """Set the exciton after the last walking one walking, until it decays or is trapped."""
    walking, new = state.walking, state.counters[WALKING]
    until_trapped = _trials_until_success(rules.log_no_trapping, state.random)
    run = min(walking[new, FREE_STEPS], until_trapped)
    walking[new, FREE_STEPS] -= run
    walking[new, CLOCK] = min(walking[new, CLOCK] + run, NEVER)
    _push(walking, new)
    state.counters[WALKING] += 1


@compiled_within
def _trap(rules: Rules, state: State) -> None:
    """Hold the exciton after the last trapped one for t_min u^(-1/mu), a Pareto law."""
    trapped, new = state.trapped, state.counters[TRAPPED]
    dark = rules.dark_minimum_steps * _uniform(state.random) ** (-1.0 / rules.dark_exponent)
    trapped[new, CLOCK] = min(trapped[new, CLOCK] + (int(dark) if dark < NEVER else NEVER), NEVER)
    _push(trapped, new)
    state.counters[TRAPPED] += 1


@compiled_within
def _excite(rules: Rules, state: State, site: Integer) -> None:
    """Set an exciton down: the site is occupied and visited from now on, and may be modified."""
    counters = state.counters
    before = state.lattice[site]
    state.lattice[site] = before | OCCUPIED | VISITED
    if not before & VISITED:
        state.visited[counters[VISITS]] = site
        counters[VISITS] += 1
    chance = rules.modification_probability
    if chance < 1 and _uniform(state.random) > chance:
        return
    state.lattice[site] |= MODIFIED
    if not before & MODIFIED:
        state.modified[counters[MODIFICATIONS]] = site
        counters[MODIFICATIONS] += 1


@compiled_within
def create_excitons(rules: Rules, spot: Spot, state: State) -> None:
    """Excite every site with probability alpha exp(-r^2 / 2 sigma^2), each on its own.

    A site with an exciton stays as it is.

    The sites come brightest first, so that the next success at the present brightness is drawn
    as a geometric skip and then accepted with the ratio of the two probabilities.

    Parameters
    ----------
    rules, spot
        Constants.
    state
        Gains the excitons.
    """
    walking = state.walking
    i = 0
    while i < spot.sites.size:
        bound = spot.probabilities[i]
        i += _trials_until_success(np.log1p(-bound), state.random) - 1
        if i >= spot.sites.size:
            break
        accepted = _uniform(state.random) * bound <= spot.probabilities[i]
        if accepted and not state.lattice[spot.sites[i]] & OCCUPIED:
            new = state.counters[WALKING]
            walking[new, POSITION] = spot.sites[i]
            _, _, walking[new, INITIAL_R2] = _place(rules, spot.sites[i])
            walking[new, CLOCK] = 0
            walking[new, FREE_STEPS] = _trials_until_success(rules.log_no_decay, state.random)
            if walking.shape[1] > AGE:
                walking[new, AGE] = 0
            _excite(rules, state, spot.sites[i])
            _start_free_run(rules, state)
        i += 1


@njit(inline="always")
def _walk(rules: Rules, state: State, n_steps: Integer) -> None:
    """Let every walking exciton attempt ``n_steps`` hops.

    An attempt takes one random number: two bits choose the neighbour, the rest is accepted below
    the threshold for the state of that neighbour (zero where it is occupied). The update has no
    branch, because the processor could not guess it, and indices are unsigned, because signed
    ones would each be asked whether they count from the end.
    """
    lattice, walking = state.lattice, state.walking
    visited, modified = state.visited, state.modified
    offsets, thresholds = rules.offsets, rules.thresholds
    n_walking = state.counters[WALKING]
    n_visited = np.uint32(state.counters[VISITS])
    n_modified = np.uint32(state.counters[MODIFICATIONS])
    s0, s1, s2, s3 = state.random[0], state.random[1], state.random[2], state.random[3]
    seen = np.uint8(0)
    for _ in range(n_steps):
        for i in range(n_walking):
            value, s0, s1, s2, s3 = _next_random(s0, s1, s2, s3)
            here = np.uint32(walking[i, POSITION])
            there = np.uint32(here + offsets[value & np.uint64(3)])
            before = lattice[there]
            seen |= before
            hops = (value >> np.uint64(2)) < thresholds[before]
            arrival = there if hops else here
            lattice[here] = VISITED | MODIFIED
            lattice[arrival] = OCCUPIED | VISITED | MODIFIED
            walking[i, POSITION] = arrival
            visited[n_visited] = there
            n_visited += np.uint32(hops & (before & VISITED == 0))
            modified[n_modified] = there
            n_modified += np.uint32(hops & (before & MODIFIED == 0))
    state.random[0], state.random[1], state.random[2], state.random[3] = s0, s1, s2, s3
    state.counters[VISITS] = n_visited
    state.counters[MODIFICATIONS] = n_modified
    state.counters[REACHED_EDGE] |= seen & FRAME


@compiled_within
def _pick_another(rules: Rules, pick: np.uint64, layer: np.uint64) -> np.int64:
    """Offset to one of the five neighbours that are left to who picked a wall, each as likely.

    They are the four in the plane and the one on the other side.
    """
    another = (layer * np.uint64(15)) >> np.uint64(LAYER_BITS)
    return rules.offsets[another] if another < np.uint64(4) else -rules.offsets[pick]


@compiled_within
def _walk_in_general(rules: Rules, state: State, n_steps: Integer) -> None:
    """As `_walk`, in layers, where visits modify by chance and occupied sites may annihilate.

    A kernel of its own, since what it does beside would slow down the other one. A number below
    the threshold lies anywhere below it, so that it also says whether the visit modifies; its
    lowest bits also say whether the neighbour is above or below, where one attempt in 1e11 at most
    is accepted by them. No branch here either, or the rest gets branches and takes twice as long.
    """
    lattice, walking, offsets = state.lattice, state.walking, rules.offsets
    visited, modified = state.visited, state.modified
    n_visited = np.uint32(state.counters[VISITS])
    n_modified = np.uint32(state.counters[MODIFICATIONS])
    s0, s1, s2, s3 = state.random[0], state.random[1], state.random[2], state.random[3]
    seen = np.uint8(0)
    for _ in range(n_steps):
        lost = False
        for i in range(state.counters[WALKING]):
            value, s0, s1, s2, s3 = _next_random(s0, s1, s2, s3)
            here = np.uint32(walking[i, POSITION])
            draw = value >> np.uint64(2)
            layer = draw & np.uint64((1 << LAYER_BITS) - 1)
            pick = (value & np.uint64(3)) + np.uint64(4) * np.uint64(layer < rules.vertical)
            there = np.uint32(here + offsets[pick])
            if lattice[there] & rules.avoided:
                there = np.uint32(here + _pick_another(rules, pick, layer))
            before, left = lattice[there], lattice[here]
            seen |= before
            hops = draw < rules.thresholds[before]
            modifies = draw < rules.modifying[before]
            meets = hops & (before & OCCUPIED > 0)
            lattice[here] = left ^ np.uint8(hops * OCCUPIED)
            lattice[there] = before | np.uint8(hops * (OCCUPIED | VISITED) | modifies * MODIFIED)
            walking[i, POSITION] = there if hops else here
            walking[i, CLOCK] |= ANNIHILATED * meets
            lost |= meets
            visited[n_visited] = there
            n_visited += np.uint32(hops & (before & VISITED == 0))
            modified[n_modified] = there
            n_modified += np.uint32(modifies & (before & MODIFIED == 0))
        if lost:
            _remove_annihilated(state)
    state.random[0], state.random[1], state.random[2], state.random[3] = s0, s1, s2, s3
    state.counters[VISITS] = n_visited
    state.counters[MODIFICATIONS] = n_modified
    state.counters[REACHED_EDGE] |= seen & FRAME


@compiled_within
def _remove_annihilated(state: State) -> None:
    """Order the excitons that are left by their clocks again."""
    kept = np.int64(0)
    for i in range(state.counters[WALKING]):
        if state.walking[i, CLOCK] != ANNIHILATED:
            _copy(state.walking, i, state.walking, kept)
            _push(state.walking, kept)
            kept += 1
    state.counters[WALKING] = kept


@compiled_within
def _age(population: NDArray[np.int64], row: Integer) -> Integer:
    """Steps from the pulse of an exciton to the last one."""
    return population[row, AGE] if population.shape[1] > AGE else np.int64(0)


@njit(inline="always")
def _end_runs(rules: Rules, state: State, record: Record, recorded: bool, now: Integer) -> None:
    """Let excitons whose run ends now decay or be trapped, and trapped ones walk on."""
    counters, walking, trapped = state.counters, state.walking, state.trapped
    while counters[WALKING] > 0 and walking[0, CLOCK] <= now:
        if walking[0, FREE_STEPS] > 0:
            _copy(walking, 0, trapped, counters[TRAPPED])
            _trap(rules, state)
        else:
            state.lattice[walking[0, POSITION]] ^= OCCUPIED
            if recorded:
                _record_emission(rules, record, walking[0, POSITION], now + _age(walking, 0))
        _pop(walking, counters[WALKING])
        counters[WALKING] -= 1
    while counters[TRAPPED] > 0 and trapped[0, CLOCK] <= now:
        _copy(trapped, 0, walking, counters[WALKING])
        _pop(trapped, counters[TRAPPED])
        counters[TRAPPED] -= 1
        _start_free_run(rules, state)


@compiled_within
def _record_emission(rules: Rules, record: Record, site: Integer, now: Integer) -> None:
    """Count one photon in its bin of delay (linear, then logarithmic) and radius.

    ``now`` is the step since the pulse of the exciton.
    """
    n_linear = record.n_times - 1
    window = n_linear * record.interval
    if now <= window:
        delay = (now - 1) // record.interval
    else:
        delay = n_linear + int(log(now / window) * record.tail_bins_per_e_fold)
    delay = min(delay, record.emission.shape[0] - 1)
    _, _, r2 = _place(rules, site)
    record.emission[delay, int(sqrt(r2) + 0.5)] += 1


@compiled_within
def _record_population(
    rules: Rules,
    record: Record,
    radius: NDArray[np.uint32],
    time: Integer,
    population: NDArray[np.int64],
    start: Integer,
    stop: Integer,
) -> None:
    """Add the positions of some excitons to the sums and histograms of one instant."""
    for i in range(start, stop):
        x, y, r2 = _place(rules, population[i, POSITION])
        record.r2[time] += r2
        record.initial_r2[time] += population[i, INITIAL_R2]
        record.x[time, x + rules.centre - 1] += 1
        record.y[time, y + rules.centre - 1] += 1
        radius[time, int(sqrt(r2) + 0.5)] += 1


@compiled_within
def _record_last_pulse(
    rules: Rules,
    record: Record,
    radius: NDArray[np.uint32],
    time: Integer,
    population: NDArray[np.int64],
    size: Integer,
) -> None:
    """Do the same for excitons of the last pulse, and take the others out of their number."""
    for i in range(size):
        if population[i, AGE] == 0:
            _record_population(rules, record, radius, time, population, i, i + 1)
        else:
            record.exciton_count[time] -= 1


@njit(inline="always")
def _record_instant(rules: Rules, state: State, record: Record, time: Integer) -> None:
    """Add the excitons of the last pulse and the lattice to the sums of one instant after it."""
    counters = state.counters
    record.exciton_count[time] += counters[WALKING] + counters[TRAPPED]
    record.visited[time] += counters[VISITS]
    record.modified[time] += counters[MODIFICATIONS]
    walking, trapped = state.walking, state.trapped
    in_light, in_traps = record.walking_radius, record.trapped_radius
    if walking.shape[1] > AGE:
        _record_last_pulse(rules, record, in_light, time, walking, counters[WALKING])
        _record_last_pulse(rules, record, in_traps, time, trapped, counters[TRAPPED])
    else:
        _record_population(rules, record, in_light, time, walking, 0, counters[WALKING])
        _record_population(rules, record, in_traps, time, trapped, 0, counters[TRAPPED])


@compiled_within
def evolve(
    rules: Rules,
    state: State,
    record: Record,
    recorded: bool,
    start: Integer,
    stop: Integer,
) -> None:
    """Move all excitons from step ``start`` to step ``stop``, decays and traps included.

    Stops at once if an exciton meets the frame.

    Parameters
    ----------
    rules
        Constants.
    state, record
        Moved on, and where the recorded instants and what is emitted on the way are added.
    recorded : bool
        Whether what is seen adds to the record.
    start, stop : int
        Steps since the pulse.
    """
    counters = state.counters
    now = start
    time = np.int64(0)
    n_times = record.n_times if recorded else 0
    while True:
        if time < n_times and now == time * record.interval:
            _record_instant(rules, state, record, time)
            time += 1
        if now >= stop or counters[WALKING] + counters[TRAPPED] == 0:
            break
        until = stop
        if time < n_times:
            until = min(until, time * record.interval)
        if counters[WALKING] > 0:
            until = min(until, state.walking[0, CLOCK])
        if counters[TRAPPED] > 0:
            until = min(until, state.trapped[0, CLOCK])
        if counters[WALKING] > 0:
            if rules.is_plain:
                _walk(rules, state, until - now)
            else:
                _walk_in_general(rules, state, until - now)
        if counters[REACHED_EDGE]:
            return
        now = until
        _end_runs(rules, state, record, recorded, now)
    for later in range(time, n_times):
        record.visited[later] += counters[VISITS]
        record.modified[later] += counters[MODIFICATIONS]


@compiled_within
def _drop(state: State, population: NDArray[np.int64], counter: int) -> None:
    """Take the excitons that are still there off the lattice."""
    for i in range(state.counters[counter]):
        state.lattice[population[i, POSITION]] ^= OCCUPIED
    state.counters[counter] = 0


@compiled_within
def relax(rules: Rules, state: State) -> None:
    """Return modified sites to the ground state, each with probability 1 - exp(-period/tau).

    Those with an exciton wait. The list is walked from its end in geometric skips; a removed entry
    is replaced by the last one, which has already been passed over.

    Parameters
    ----------
    rules
        Constants.
    state
        Gets ready for the next pulse.
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
        if state.lattice[state.modified[i]] & OCCUPIED:
            continue
        counters[MODIFICATIONS] -= 1
        state.lattice[state.modified[i]] = 0
        state.modified[i] = state.modified[counters[MODIFICATIONS]]


@compiled_within
def _carry_over(rules: Rules, state: State, population: NDArray[np.int64], counter: int) -> None:
    """Count the time of excitons that stay from the next pulse, at which they visit their sites."""
    counters = state.counters
    for i in range(counters[counter]):
        population[i, CLOCK] -= rules.period
        population[i, AGE] += rules.period
        site = population[i, POSITION]
        state.lattice[site] |= VISITED
        state.visited[counters[VISITS]] = site
        counters[VISITS] += 1


@compiled_in_place
def run_pulses(
    rules: Rules,
    spot: Spot,
    state: State,
    record: Record,
    recorded: bool,
    n_pulses: int,
    last_step: int,
) -> None:
    """Run pulses one after the other (Note 2), recorded or not.

    Each pulse finds the lattice that the one before left behind, and is followed until its last
    exciton has decayed or ``last_step`` is reached; or, where excitons stay, until the next pulse
    finds those that are left. Stops at once if an exciton meets the frame.

    Parameters
    ----------
    rules, spot
        Constants.
    state, record
        Moved on, and what is added to.
    recorded : bool
        Whether what is seen adds to the record.
    n_pulses : int
        How many pulses.
    last_step : int
        Steps after which the excitons left are dropped; NEVER follows all.
    """
    counters = state.counters
    stay = rules.period < NEVER
    for _ in range(n_pulses):
        left = counters[WALKING] + counters[TRAPPED]
        create_excitons(rules, spot, state)
        if recorded:
            record.created[0] += counters[WALKING] + counters[TRAPPED] - left
            record.carried[0] += left
        evolve(rules, state, record, recorded, np.int64(0), min(last_step, rules.period))
        if counters[REACHED_EDGE]:
            return
        if not stay:
            if recorded:
                record.dropped[0] += counters[WALKING] + counters[TRAPPED]
            _drop(state, state.walking, WALKING)
            _drop(state, state.trapped, TRAPPED)
        relax(rules, state)
        if stay:
            _carry_over(rules, state, state.walking, WALKING)
            _carry_over(rules, state, state.trapped, TRAPPED)


@compiled_in_place
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
    frames : ndarray, (n_frames, n_rows * row_length)
        Filled.
    """
    create_excitons(rules, spot, state)
    now = np.int64(0)
    for frame in range(steps.size):
        evolve(rules, state, record, False, now, steps[frame])
        now = steps[frame]
        for site in range(state.lattice.size):
            frames[frame, site] = state.lattice[site]
