"""Run the hopping model: validate, seed, run the kernels over trains and threads, label."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass

import joblib
import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

import tptools
from tptools.arrays import FloatArray
from tptools.checks import LARGEST, check_integer, check_number, check_type
from tptools.kmc import engine
from tptools.kmc.cost import check_memory, check_steps
from tptools.kmc.model import (
    NEGLIGIBLE_EXCITATION_PROBABILITY,
    ExcitonModel,
    PulseTrain,
    check_spot_fits,
)
from tptools.kmc.records import Recording, allocate, cut, to_dataset
from tptools.progress import Bar
from tptools.randomness import seed_sequence
from tptools.records import as_numbers

PULSES_PER_CALL = 50
BLOCKS_OF_A_SINGLE_TRAIN = 10


class LatticeEdgeError(ValueError):
    """An exciton tried to leave the lattice."""


def simulate(
    model: ExcitonModel,
    pulses: PulseTrain,
    *,
    seed: int,
    n_trains: int = 1,
    n_threads: int | None = None,
    progress: bool = False,
    recording: Recording = Recording(),  # noqa: B008 -- frozen
    history: Sequence[PulseTrain] = (),
) -> xr.Dataset:
    r"""Simulate independent pulse trains on one spot (Note 2).

    Per step of 1 ps each exciton attempts one hop, then decays with probability
    1 ps / `lifetime_ns`. After a pulse each modified site relaxes with probability
    :math:`1 - \exp(-T_\mathrm{pulse}/\tau_\mathrm{relax})`, and the next pulse follows. Each pulse
    is followed until its last exciton has decayed, unless excitons stay
    (`PulseTrain.excitons_stay`).

    Parameters
    ----------
    model : ExcitonModel
        How excitons move, decay and leave a memory.
    pulses : PulseTrain
        How they are made.
    seed : int
        Non-negative. The same seed gives the same numbers for any number of threads.
    n_trains : int
        Independent repetitions of the whole train; error bars come from their spread.
    n_threads : int, optional
        Threads that share the trains; None takes every core this process may use.
    progress : bool
        Show a bar over pulses.
    recording : Recording
        Which instants after a pulse are kept.
    history : sequence of PulseTrain, optional
        What hit the spot before, in order and without pause: each train with its own burn-in and
        all its pulses, none of them recorded.

    Returns
    -------
    xarray.Dataset
        Sums over the recorded pulses of each train, and over all layers. Over (train, time_ns):
        ``exciton_count``, ``r2_sum_nm2``, ``initial_r2_sum_nm2`` (the same excitons at time 0),
        ``visited_sites``, ``modified_sites``. With an axis ``x_nm``, ``y_nm`` or ``r_nm`` more:
        ``x_count``, ``y_count``, ``radial_count`` (r rounds to the nearest spacing;
        ``sites_per_radius`` sites of a layer have it), and ``bright_count`` of those in no trap.
        ``emission_count`` over (train, delay_ns, r_nm), and ``expected_emission``, its expectation
        given where excitons were; ``delay_ns`` and ``delay_end_ns`` the edges of its bins. Time 0
        is before the first hop.
        Space is cut to where excitons were. A single train also has an axis ``block``: its pulses
        in ten runs of consecutive ones. All of this is of the excitons of a pulse by the time
        since that pulse; ``carried_count`` is the number of those that earlier pulses have left at
        time 0, which is zero unless excitons stay. The attributes hold every parameter of film,
        laser and run, and the seed.

    Raises
    ------
    ValueError
        If a parameter is outside its range, or the lattice too small for the spot.
    LatticeEdgeError
        If an exciton reaches the edge of the lattice.

    Notes
    -----
    Sites with an excitation probability under 1e-15 are left out. Lifetimes and times to the
    next trap are drawn once, as geometric numbers of steps, which is the same law as a draw in
    each step.

    Examples
    --------
    >>> pulses = PulseTrain(excitation_density=0.08, period_us=10, n_pulses=20)
    >>> run = simulate(ExcitonModel(), pulses, seed=1, n_trains=2)
    >>> run.exciton_count.dims, run.attrs["time_between_excitations_us"]
    (('train', 'time_ns'), 125.0)
    """
    check_type("history", history, tuple, list, remedy="give a list of PulseTrains")
    for number, one in enumerate(history):
        check_type(f"history[{number}]", one, PulseTrain)
    seed = check_integer("seed", seed, at_least=0)
    n_trains = check_integer("n_trains", n_trains, at_least=1, below=LARGEST)
    threads = joblib.cpu_count() if n_threads is None else n_threads
    threads = min(check_integer("n_threads", threads, at_least=1), n_trains)
    check_run(model, (*history, pulses), recording, n_trains, threads)

    n_blocks = count_blocks(pulses, n_trains)
    # made before the threads are: what they waited for would be locked for good in a forked process
    kinds = dict.fromkeys((*history, pulses))
    lasers = {one: (_rules(model, one), _spot(model, one)) for one in kinds}
    run = _Run(model, pulses, tuple(history), recording, seed, n_blocks, lasers)
    trains = _run_trains(run, n_trains, threads, progress)
    dataset = to_dataset(model, recording, trains)
    before = {"history": repr(tuple(history))} if history else {}
    return dataset.assign_attrs(describe(model, pulses, recording, seed, n_trains) | before)


def snapshot(
    model: ExcitonModel,
    pulses: PulseTrain,
    *,
    seed: int,
    time_ns: ArrayLike,
    pulse: int | None = None,
    train: int = 0,
) -> xr.Dataset:
    """Lattice and excitons at chosen times after one pulse, as in Fig. 4d.

    Parameters
    ----------
    model, pulses, seed
        As for `simulate`; the lattice shown is one that `simulate` passes through.
    time_ns : float or sequence of float
        Increasing times after the pulse, whole attempts (1 ps by default) apart.
    pulse : int, optional
        Which recorded pulse, from 0; None takes the last.
    train : int
        Which of the independent trains.

    Returns
    -------
    xarray.Dataset
        Booleans ``modified`` and ``occupied`` over (time_ns, y_nm, x_nm), the spot at (0, 0);
        of several layers over ``layer`` too.

    Raises
    ------
    ValueError
        If a parameter is outside its range, or there is no such pulse.
    LatticeEdgeError
        If an exciton reaches the edge of the lattice.

    Examples
    --------
    >>> pulses = PulseTrain(excitation_density=0.5, period_us=10, n_pulses=5)
    >>> view = snapshot(ExcitonModel(lattice_size=200), pulses, seed=1, time_ns=[0, 3])
    >>> bool(view.modified.where(view.occupied, True).all())
    True
    """
    recording = Recording()
    times = _check_times(time_ns)
    check_type("pulses", pulses, PulseTrain, remedy="make it with tptools.kmc.pulse_train")
    if pulses.excitons_stay:
        check_number("time_ns", times[-1], at_most=1e3 * pulses.period_us)
    check_run(model, (pulses,), recording, n_frames=times.size)
    pulse = pulses.n_pulses - 1 if pulse is None else pulse
    pulse = check_integer("pulse", pulse, at_least=0, below=pulses.n_pulses)
    train = check_integer("train", train, at_least=0)

    rules, spot = _rules(model, pulses), _spot(model, pulses)
    state = _fresh(model, [(rules, spot)], seed, train)
    record = allocate(model, recording)
    earlier = pulses.burn_in(model) + pulse
    engine.run_pulses(rules, spot, state, record, False, earlier, engine.NEVER)
    _check_edge(model, pulses, state)
    frames = np.empty((times.size, state.lattice.size), np.uint8)
    engine.run_frames(rules, spot, state, record, _steps(model, times), frames)
    _check_edge(model, pulses, state)

    attrs = describe(model, pulses, recording, seed, 1) | {"pulse": pulse, "train": train}
    return _labelled(frames, model, times).assign_attrs(attrs)


def _labelled(frames: NDArray[np.uint8], model: ExcitonModel, time_ns: FloatArray) -> xr.Dataset:
    """Modified and occupied sites of flat lattices, without their frames; a plane has no layers."""
    size, n_layers = model.lattice_size, model.n_layers
    frames = frames.reshape(time_ns.size, *model.lattice_shape)[:, 1:-1, 1:-1, :n_layers]
    axis_nm = (np.arange(size) - size // 2) * model.lattice_spacing_nm
    dims = ["time_ns", "y_nm", "x_nm", "layer"]
    if n_layers == 1:
        frames, dims = frames[..., 0], dims[:-1]
    return xr.Dataset(
        {
            "modified": (dims, frames & engine.MODIFIED > 0),
            "occupied": (dims, frames & engine.OCCUPIED > 0),
        },
        coords={
            "time_ns": ("time_ns", time_ns, {"units": "ns"}),
            "y_nm": ("y_nm", axis_nm, {"units": "nm"}),
            "x_nm": ("x_nm", axis_nm, {"units": "nm"}),
        },
    )


def count_blocks(pulses: PulseTrain, n_trains: int) -> int:
    """Runs of consecutive pulses that are kept apart: of a single train only, for its error."""
    return min(BLOCKS_OF_A_SINGLE_TRAIN, pulses.n_pulses) if n_trains == 1 else 1


def describe(
    model: ExcitonModel, pulses: PulseTrain, recording: Recording, seed: int, n_trains: int
) -> dict[str, str | float]:
    """Attributes from which a run can be repeated, all of types that netCDF can hold."""
    follow_ns = math.inf if recording.follow_ns is None else recording.follow_ns
    return {
        "title": "excitons hopping over nanocrystals that remember",
        "origin": "simulated",
        **asdict(model),
        **_describe_pulses(pulses),
        **asdict(recording),
        "burn_in_pulses": pulses.burn_in(model),
        "follow_ns": follow_ns,
        "time_between_excitations_us": pulses.time_between_excitations_us,
        "seed": int(seed),
        "n_trains": n_trains,
        "version": tptools.__version__,
    }


def _describe_pulses(pulses: PulseTrain) -> dict[str, str | float]:
    """Parameters of the train and of the laser behind it."""
    own = asdict(pulses)
    own["excitons_stay"] = int(pulses.excitons_stay)  # netCDF has no bool
    del own["aside_sites"]  # nothing aside is recorded
    optics = own.pop("laser") or {}
    if pulses.laser is not None:
        for name in ("disc_excitation_density", "disc_time_between_excitations_us"):
            optics[name] = getattr(pulses.laser, name)
    return own | optics


def _check_times(time_ns: ArrayLike) -> FloatArray:
    """Times of a snapshot as an array, refused where they are negative or do not increase."""
    times = np.atleast_1d(as_numbers("time_ns", time_ns))
    if times.ndim != 1 or not times.size:
        raise ValueError(f"time_ns = {time_ns!r} must be a time or a list of at least one")
    if not (np.isfinite(times).all() and times[0] >= 0):
        raise ValueError(f"time_ns = {time_ns!r} must be finite times of at least 0")
    if np.any(np.diff(times) <= 0):
        raise ValueError(f"time_ns = {time_ns!r} must increase from one time to the next")
    return times


def check_run(
    model: ExcitonModel,
    trains: Sequence[PulseTrain],
    recording: Recording,
    n_trains: int = 1,
    n_threads: int = 1,
    n_frames: int = 0,
) -> None:
    """Refuse valid parts that together have no answer, no end or no room; the last is recorded."""
    check_type("model", model, ExcitonModel)
    check_type("recording", recording, Recording)
    for pulses in trains:
        check_type("pulses", pulses, PulseTrain, remedy="make it with tptools.kmc.pulse_train")
        check_spot_fits(model, pulses)
    if math.isinf(model.lifetime_ns) and recording.follow_ns is None:
        raise ValueError(
            "lifetime_ns = inf must go with a follow_ns, or a pulse never ends; "
            "use recording=Recording(follow_ns=...)"
        )
    if trains[-1].aside_sites:
        raise ValueError(
            f"aside_sites = {trains[-1].aside_sites} of the pulses that are recorded must be 0, "
            "since distances are counted from the centre of the lattice; put what is aside into "
            "the history"
        )
    if any(one.excitons_stay for one in trains):
        _check_staying(trains[-1], recording, n_frames)
    check_steps(model, trains, recording, n_trains)
    n_records = n_trains * count_blocks(trains[-1], n_trains)
    check_memory(model, trains, recording, n_records, n_threads, n_frames)


def _check_staying(pulses: PulseTrain, recording: Recording, n_frames: int) -> None:
    """Refuse to drop excitons that stay, and to look at those of one pulse after the next."""
    if recording.follow_ns is not None:
        raise ValueError(
            f"follow_ns = {recording.follow_ns} must be None where excitons_stay, which drops none"
        )
    period_ns = 1e3 * pulses.period_us
    if pulses.excitons_stay and not n_frames and recording.until_ns > period_ns:
        raise ValueError(
            f"until_ns = {recording.until_ns} must be at most the period of {period_ns:g} ns where "
            f"excitons_stay; use recording=Recording(until_ns={math.floor(period_ns)})"
        )


def _fresh(
    model: ExcitonModel,
    lasers: Collection[tuple[engine.Rules, engine.Spot]],
    seed: int,
    train: int,
) -> engine.State:
    """Relaxed lattice of one train, and room for its excitons."""
    lattice = np.full(model.lattice_shape, engine.FRAME, np.uint8)
    lattice[1:-1, 1:-1] = engine.WALL
    lattice[1:-1, 1:-1, : model.n_layers] = 0
    stay = any(rules.period < engine.NEVER for rules, _ in lasers)
    # those that stay can fill the lattice
    most_excitons = lattice.size if stay else max(spot.sites.size for _, spot in lasers)
    room = (most_excitons, engine.N_COLUMNS + stay)
    stream = seed_sequence(seed, "train", train)
    return engine.State(
        lattice=lattice.ravel(),
        walking=np.empty(room, np.int64),
        trapped=np.empty(room, np.int64),
        visited=np.empty(lattice.size, np.int32),
        modified=np.empty(lattice.size, np.int32),
        counters=np.zeros(engine.N_COUNTERS, np.int64),
        random=stream.generate_state(4, np.uint64).astype(np.uint64),
    )


def _rules(model: ExcitonModel, pulses: PulseTrain) -> engine.Rules:
    """Translate a model into the constants of the kernels."""
    _, n_columns, column_length = model.lattice_shape
    row_length = n_columns * column_length
    in_plane = [column_length, -column_length, row_length, -row_length]
    vertical = 1 - 4 / model.n_neighbours
    picks_what_is_there = model.hop_rule == "chosen_neighbour"
    thresholds = _thresholds(model)
    steps_per_ns = 1e3 * model.attempts_per_ps
    return engine.Rules(
        row_length=row_length,
        column_length=column_length,
        centre=model.lattice_size // 2 + 1,
        offsets=np.array([*in_plane, 1, -1, 1, -1]),
        vertical=np.uint64(round(vertical * 2**engine.LAYER_BITS)),
        avoided=np.uint8(engine.WALL if picks_what_is_there else 0),
        thresholds=thresholds,
        modifying=_modifying(model, thresholds),
        modification_probability=model.modification_probability,
        log_no_decay=_log1p(-1 / (model.lifetime_ns * steps_per_ns)),
        log_no_trapping=_log1p(-model.trap_rate_per_ps / model.attempts_per_ps),
        dark_minimum_steps=model.trap_time_minimum_ns * steps_per_ns,
        dark_exponent=model.trap_exponent,
        log_no_relaxation=-pulses.period_us / model.relaxation_time_us,
        is_plain=_is_plain(model),
        period=int(_steps(model, 1e3 * pulses.period_us)) if pulses.excitons_stay else engine.NEVER,
    )


def _is_plain(model: ExcitonModel) -> bool:
    """Whether every visit modifies, and occupied sites only block, in one layer, as in Note 2."""
    every_visit = model.modification_probability == 1 and model.modified_by == "visits"
    return every_visit and model.annihilation_rate_per_ps == 0 and model.n_layers == 1


def _thresholds(model: ExcitonModel) -> NDArray[np.uint64]:
    """Chance that an attempt is accepted by the state of the site, as whole numbers."""
    thresholds = np.zeros(engine.N_SITE_STATES, np.uint64)
    for site in range(engine.FRAME):
        accepted = model.hop_rate_ground_per_ps
        if site & engine.OCCUPIED:
            accepted = model.annihilation_rate_per_ps
        elif site & engine.MODIFIED:
            accepted = model.hop_rate_modified_per_ps
        thresholds[site] = round(model.attempt_probability(accepted) * 2**engine.ACCEPTANCE_BITS)
    return thresholds


def _modifying(model: ExcitonModel, thresholds: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Thresholds below which an attempt is accepted and modifies the site."""
    chance = model.modification_probability if model.modified_by == "visits" else 0
    modifying = np.array([round(chance * int(one)) for one in thresholds], np.uint64)
    modifying[np.arange(engine.N_SITE_STATES) & engine.OCCUPIED > 0] = 0
    return modifying


def _steps(model: ExcitonModel, time_ns: ArrayLike) -> NDArray[np.int64]:
    """Hop attempts in a time, to the nearest."""
    steps = np.rint(np.asarray(time_ns) * 1e3 * model.attempts_per_ps)
    return np.minimum(steps, engine.NEVER).astype(np.int64)


def _log1p(x: float) -> float:
    """log(1 + x), with its limit at x = -1."""
    return math.log1p(x) if x > -1 else -math.inf


def _spot(model: ExcitonModel, pulses: PulseTrain) -> engine.Spot:
    """Sites in order of falling excitation probability, up to the reach of the spot."""
    size, variance = model.lattice_size, pulses.spot_sigma_sites**2
    faintest = NEGLIGIBLE_EXCITATION_PROBABILITY / pulses.excitation_density
    reach = math.ceil(math.sqrt(2 * variance * max(-math.log(faintest), 0)))
    aside = pulses.aside_sites
    # what an edge cuts off on one side is cut off on the other
    room = size // 2 - abs(aside)
    axis = np.arange(-min(reach, room), min(reach, room - 1 + size % 2) + 1)
    r2 = (axis[:, None] ** 2 + axis**2).ravel()
    probability = pulses.excitation_density * np.exp(-r2 / (2 * variance))
    bright = np.flatnonzero(probability >= NEGLIGIBLE_EXCITATION_PROBABILITY)
    bright = bright[np.argsort(r2[bright], kind="stable")]
    row, column = np.divmod(bright, axis.size)
    corner = size // 2 + axis[0] + 1
    places = (row + corner) * (size + 2) + column + corner + aside
    layers = np.arange(model.n_layers)
    sites = places[:, None] * model.lattice_shape[-1] + layers
    probabilities = probability[bright, None] * (1 - model.absorption_per_layer) ** layers
    order = np.argsort(-probabilities, axis=None, kind="stable")
    seen = np.count_nonzero(probabilities >= NEGLIGIBLE_EXCITATION_PROBABILITY)
    return engine.Spot(sites.ravel()[order[:seen]], probabilities.ravel()[order[:seen]])


@dataclass(frozen=True)
class _Run:
    """One condition, with the constants of the kernels for every kind of its pulses."""

    model: ExcitonModel
    pulses: PulseTrain
    history: tuple[PulseTrain, ...]
    recording: Recording
    seed: int
    n_blocks: int
    lasers: Mapping[PulseTrain, tuple[engine.Rules, engine.Spot]]

    @property
    def stages(self) -> list[tuple[PulseTrain, bool, int]]:
        """Runs of consecutive pulses as (pulses, whether they are recorded, number)."""
        edges = np.arange(self.n_blocks + 1) * self.pulses.n_pulses // self.n_blocks
        stages = [(one, False, one.burn_in(self.model) + one.n_pulses) for one in self.history]
        stages.append((self.pulses, False, self.pulses.burn_in(self.model)))
        return stages + [(self.pulses, True, size) for size in np.diff(edges).tolist()]

    def train(self, index: int, advance: Callable[[int], None]) -> list[engine.Record]:
        """Run one train and return what it had summed after each of its blocks.

        ``advance`` is told of every portion, short enough to be interrupted between them, and may
        raise to stop the train.
        """
        state = _fresh(self.model, self.lasers.values(), self.seed, index)
        record = allocate(self.model, self.recording)
        follow_ns = self.recording.follow_ns
        last_step = engine.NEVER if follow_ns is None else int(_steps(self.model, follow_ns))
        blocks = []
        for pulses, recorded, size in self.stages:
            for start in range(0, size, PULSES_PER_CALL):
                portion = min(PULSES_PER_CALL, size - start)
                constants = self.lasers[pulses]
                engine.run_pulses(*constants, state, record, recorded, portion, last_step)
                _check_edge(self.model, pulses, state)
                advance(portion)
            if recorded:
                blocks.append(cut(record))
        return blocks


def _run_trains(
    run: _Run, n_trains: int, n_threads: int, progress: bool
) -> list[list[engine.Record]]:
    """Records of all trains in order; an error or an interrupt stops every thread soon."""
    stop = threading.Event()
    total = n_trains * sum(n_pulses for _, _, n_pulses in run.stages)
    with (
        Bar(total=total, unit="pulse", disable=not progress) as bar,
        ThreadPoolExecutor(n_threads) as pool,
    ):

        def advance(n_pulses: int) -> None:
            """Show pulses as done, or end the run that was broken off."""
            if stop.is_set():
                raise CancelledError
            bar.update(n_pulses)

        futures = [pool.submit(run.train, index, advance) for index in range(n_trains)]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return [future.result() for future in futures]


def _check_edge(model: ExcitonModel, pulses: PulseTrain, state: engine.State) -> None:
    """Raise if an exciton tried to leave the lattice."""
    if state.counters[engine.REACHED_EDGE]:
        raise LatticeEdgeError(
            f"an exciton reached the edge of the lattice of {model.lattice_size} x "
            f"{model.lattice_size} sites at excitation_density = "
            f"{pulses.excitation_density}, period_us = {pulses.period_us}; "
            f"enlarge it, for example with lattice_size={2 * model.lattice_size}"
        )
