"""Tests of tptools.kmc.sweep: same answers anywhere, and nothing lost."""

from concurrent.futures import Executor, Future, ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from tptools.kmc import (
    ExcitonModel,
    LatticeEdgeError,
    PulseTrain,
    Recording,
    SweepInterrupted,
    simulate,
    sweep,
)
from tptools.randomness import derive_seed

# the package's attribute of this name is the function
sweep_module = import_module("tptools.kmc.sweep")

MODEL = ExcitonModel(lattice_size=201)
GRID = {
    "excitation_density": [0.1, 0.3],
    "period_us": [2.0, 5.0, 10.0],
    "spot_sigma_sites": 4,
    "n_pulses": 5,
}
OPTIONS = {"n_trains": 2, "progress": False, "recording": Recording(until_ns=0.5)}


class InlineExecutor(Executor):
    """Run at once in the calling thread; raise KeyboardInterrupt at the given submission."""

    def __init__(self, interrupt_at: int = -1) -> None:
        self.calls, self.interrupt_at = 0, interrupt_at

    def submit(self, function, /, *args, **kwargs):
        future = Future()
        try:
            if self.calls == self.interrupt_at:
                raise KeyboardInterrupt
            future.set_result(function(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        self.calls += 1
        return future


def stored(cache: Path) -> int:
    """Finished conditions in a cache folder."""
    return len(list(cache.rglob("output.pkl")))


@pytest.fixture
def count_runs(monkeypatch):
    """Count how many conditions are really simulated."""
    runs = []

    def counting(*args, **kwargs):
        assert kwargs["n_threads"] == 1  # or a sweep takes more than its cores
        runs.append(args)
        return simulate(*args, **kwargs)

    monkeypatch.setattr(sweep_module, "simulate", counting)
    return runs


def test_a_sweep_is_its_conditions():
    """Each point of the grid equals `simulate` with the seed of that condition."""
    runs = sweep(MODEL, GRID, seed=5, **OPTIONS)
    pulses = PulseTrain(0.3, 5.0, spot_sigma_sites=4, n_pulses=5)
    alone = simulate(
        MODEL,
        pulses,
        seed=derive_seed(5, MODEL, pulses),
        n_trains=2,
        recording=OPTIONS["recording"],
    )
    chosen = runs.sel(excitation_density=0.3, period_us=5.0)
    for name in ("exciton_count", "r2_sum_nm2", "modified_sites"):
        np.testing.assert_array_equal(chosen[name], alone[name])
    inside = chosen.x_count.sel(x_nm=alone.x_nm)
    np.testing.assert_array_equal(inside, alone.x_count)
    assert chosen.x_count.sum() == alone.x_count.sum()
    assert chosen.time_between_excitations_us == pytest.approx(5 / 0.3)


def test_a_condition_does_not_depend_on_the_rest_of_the_grid():
    """Adding conditions, or changing their order, leaves the others as they were."""
    few = sweep(MODEL, GRID | {"excitation_density": [0.3], "period_us": [5.0]}, **OPTIONS)
    many = sweep(MODEL, GRID | {"excitation_density": [0.3, 0.1]}, **OPTIONS)
    chosen = many.sel(excitation_density=[0.3], period_us=[5.0])
    xr.testing.assert_equal(few.r2_sum_nm2, chosen.r2_sum_nm2.transpose(*few.r2_sum_nm2.dims))


def test_a_number_is_the_same_condition_in_every_type(tmp_path, count_runs):
    """When 12.5 joins a grid that holds 5, the latter is 5.0 there, and keeps its stream."""
    grid = GRID | {"excitation_density": 0.3, "period_us": [5]}
    alone = sweep(MODEL, grid, cache_dir=tmp_path, **OPTIONS)
    for period in ([5, 12.5], np.array([5], np.float32), np.array([5], np.uint8)):
        joined = sweep(MODEL, grid | {"period_us": period}, cache_dir=tmp_path, **OPTIONS)
        xr.testing.assert_equal(joined.r2_sum_nm2.sel(period_us=[5]), alone.r2_sum_nm2)
    assert len(count_runs) == 2


def test_what_lies_beyond_the_reach_of_a_run_is_zero():
    """Of all conditions on common axes every exciton is counted once, and no other."""
    few = GRID | {"excitation_density": 0.3, "period_us": 50.0}
    runs = sweep(MODEL, few | {"spot_sigma_sites": [2, 6]}, **OPTIONS)
    for name, axis in (("x_count", "x_nm"), ("y_count", "y_nm"), ("radial_count", "r_nm")):
        assert (runs[name].sum(axis) == runs.exciton_count).all()
    assert runs.sites_per_radius.dims == ("r_nm",)
    assert runs.sites_per_radius.units == "1"
    assert runs.sites_per_radius.values[:3].tolist() == [1, 8, 12]


def test_attributes_are_what_all_conditions_share():
    """Others are its axes, or stand beside them: burn-in and time between excitations."""
    runs = sweep(MODEL, GRID, seed=7, **OPTIONS)
    assert (runs.attrs["seed"], runs.attrs["lattice_size"], runs.attrs["n_pulses"]) == (7, 201, 5)
    assert not {"period_us", "excitation_density", "burn_in_pulses"} & runs.attrs.keys()
    assert runs.sizes["excitation_density"] == 2
    burn_in = [np.ceil(5 * 8.1 / period_us) for period_us in GRID["period_us"]]
    assert (runs.burn_in_pulses == xr.DataArray(burn_in, {"period_us": GRID["period_us"]})).all()
    between_us = runs.period_us / runs.excitation_density
    xr.testing.assert_allclose(
        runs.time_between_excitations_us, between_us.T.rename("time_between_excitations_us")
    )


def test_scalars_of_any_kind_make_no_axis():
    """A number, an array without dimensions or a text is one value; a range is many."""
    grid = GRID | {"period_us": 5.0, "n_pulses": 1}
    one = {"excitation_density": np.array(0.1), "hop_rule": "each_neighbour"}
    dims = sweep(MODEL, grid | one, **OPTIONS).dims
    assert {*dims} == {"train", "time_ns", "delay_ns", "x_nm", "y_nm", "r_nm"}
    many = sweep(MODEL, grid | {"excitation_density": (0.1,), "n_pulses": range(1, 3)}, **OPTIONS)
    assert (many.sizes["excitation_density"], many.n_pulses.values.tolist()) == (1, [1, 2])


def test_the_longest_conditions_start_first():
    """By the light of all layers in all pulses, burn-in included."""
    started = []

    class Watching(InlineExecutor):
        def submit(self, function, /, *args, **kwargs):
            started.append(args[:2])
            return super().submit(function, *args, **kwargs)

    grid = {"excitation_density": [0.1, 0.3], "period_us": [1.0, 8.0], "n_layers": [1, 3]}
    grid |= {"spot_sigma_sites": 2, "n_pulses": 5}
    sweep(MODEL, grid, executor=Watching(), **OPTIONS)
    steps = [
        pulses.excitation_density * model.illuminated_layers * (5 + pulses.burn_in(model))
        for model, pulses in started
    ]
    assert len(steps) == 8
    assert steps == sorted(steps, reverse=True)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("model", GRID), ("grid", [GRID]), ("recording", 0.5), ("executor", "threads")],
)
def test_what_is_no_part_of_a_sweep_is_refused(name, wrong, count_runs):
    """By name, before anything runs."""
    given = {"model": MODEL, "grid": GRID} | OPTIONS | {name: wrong}
    with pytest.raises(TypeError, match=f"^{name} is of type {type(wrong).__name__} "):
        sweep(**given)
    assert not count_runs


def test_seed_and_parameters_change_the_stream():
    """No two conditions, and no two seeds, share their random numbers."""
    pulses = [PulseTrain(a, p) for a in (0.1, 0.2) for p in (1, 2)]
    seeds = {derive_seed(s, MODEL, p) for s in (0, 1) for p in pulses}
    assert len(seeds) == 8


def test_grid_takes_model_parameters_and_scalars():
    """A model parameter can be a dimension; a grid of scalars has none."""
    grid = {"excitation_density": 0.3, "period_us": 5.0, "spot_sigma_sites": 4, "n_pulses": 3}
    assert "excitation_density" not in sweep(MODEL, grid, **OPTIONS).dims
    rules = ["chosen_neighbour", "each_neighbour"]
    runs = sweep(MODEL, grid | {"hop_rule": rules}, **OPTIONS)
    assert list(runs.hop_rule.values) == rules
    r2 = (runs.r2_sum_nm2 / runs.exciton_count).isel(time_ns=-1).mean("train")
    assert r2.sel(hop_rule="each_neighbour") > r2.sel(hop_rule="chosen_neighbour")


def test_same_bits_on_any_number_of_threads():
    """One, two and four threads give identical datasets."""
    reference = sweep(MODEL, GRID, executor=InlineExecutor(), **OPTIONS)
    for threads in (2, 4):
        with ThreadPoolExecutor(threads) as pool:
            assert sweep(MODEL, GRID, executor=pool, **OPTIONS).identical(reference)


@pytest.mark.parametrize("shown", [{}, {"progress": False}])
def test_progress_is_shown_unless_it_is_not_wanted(shown, capsys):
    """A bar counts the conditions."""
    grid = {"excitation_density": 0.3, "period_us": 5.0, "spot_sigma_sites": 4, "n_pulses": 1}
    sweep(MODEL, grid, recording=OPTIONS["recording"], **shown)
    assert ("1/1" in capsys.readouterr().err) != bool(shown)


def test_cache_serves_finished_conditions(tmp_path, count_runs):
    """A second sweep simulates only what the first did not, and gives the same."""
    first = sweep(MODEL, GRID, cache_dir=tmp_path, **OPTIONS)
    assert len(count_runs) == 6
    again = sweep(MODEL, GRID, cache_dir=tmp_path, **OPTIONS)
    assert len(count_runs) == 6
    assert again.identical(first)
    sweep(MODEL, GRID | {"excitation_density": [0.1, 0.2, 0.3]}, cache_dir=tmp_path, **OPTIONS)
    assert len(count_runs) == 9


@pytest.mark.parametrize("change", ["seed", "n_trains", "recording", "code"])
def test_cache_never_serves_another_run(tmp_path, count_runs, monkeypatch, change):
    """Another seed, number of trains, recording or code of the model is simulated anew."""
    sweep(MODEL, GRID, cache_dir=tmp_path, **OPTIONS)
    options = dict(OPTIONS)
    if change == "seed":
        options["seed"] = 1
    elif change == "n_trains":
        options["n_trains"] = 3
    elif change == "recording":
        options["recording"] = Recording(until_ns=0.6)
    else:
        monkeypatch.setattr(sweep_module, "fingerprint", lambda *made_by: "other sources")
    sweep(MODEL, GRID, cache_dir=tmp_path, **options)
    assert len(count_runs) == 12


def test_interrupt_loses_no_finished_condition(tmp_path, count_runs):
    """Ctrl-C raises with what has finished, and the next sweep runs only the rest."""
    executor = InlineExecutor(interrupt_at=4)
    with pytest.raises(SweepInterrupted, match="of 6 conditions") as caught:
        sweep(MODEL, GRID, executor=executor, cache_dir=tmp_path, **OPTIONS)
    assert isinstance(caught.value, KeyboardInterrupt)
    assert stored(tmp_path) == 5
    assert all("exciton_count" in finished for finished in caught.value.finished)
    sweep(MODEL, GRID, cache_dir=tmp_path, **OPTIONS)
    assert len(count_runs) == 6


def test_edge_error_keeps_the_other_conditions(tmp_path):
    """A condition that reaches the edge is an error; those that finished stay in the cache."""
    model = ExcitonModel(1, 1, lattice_size=61)
    grid = GRID | {"hop_rate_ground_per_ps": [0, 1], "hop_rate_modified_per_ps": [0, 1]}
    with pytest.raises(LatticeEdgeError, match="enlarge"):
        sweep(model, grid, executor=InlineExecutor(), cache_dir=tmp_path, **OPTIONS)
    assert stored(tmp_path) > 0


def test_what_waits_is_cancelled_when_a_condition_fails():
    """No worker takes up the rest of a sweep that has ended."""
    futures = []

    class Stuck(Executor):
        def submit(self, function, /, *args, **kwargs):
            futures.append(Future())
            if len(futures) == 1:
                futures[0].set_exception(LatticeEdgeError)
            return futures[-1]

    with pytest.raises(LatticeEdgeError):
        sweep(MODEL, GRID, executor=Stuck(), **OPTIONS)
    assert [one.cancelled() for one in futures] == [False, *[True] * 5]


def test_uneven_blocks_are_refused(count_runs):
    """Single trains of few and of many pulses have no common blocks; the message has a remedy."""
    with pytest.raises(ValueError, match=r"n_pulses = \[7, 40\] must be at least 10 .*n_trains=2"):
        sweep(MODEL, GRID | {"n_pulses": [7, 40]}, **OPTIONS | {"n_trains": 1})
    assert not count_runs


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"excitation_density": [0.1]}, "grid lacks period_us"),
        ({"power": [1]}, "grid parameter = 'power' must be one of"),
        ({"lattice_size": [100, 200]}, "grid parameter = 'lattice_size'"),
        (GRID | {"excitation_density": []}, "at least one value"),
        (GRID | {"laser": None}, "grid parameter = 'laser' must be one of"),
        (GRID | {"excitation_density": [0.1, 2.0]}, "excitation_density = 2.0"),
        (GRID | {"n_layers": [1, 9000], "excitons_stay": True}, "2 records"),
    ],
)
def test_bad_grids_are_refused_before_anything_runs(grid, message, count_runs):
    """A wrong name or value anywhere in the grid is a ValueError and costs no time."""
    with pytest.raises(ValueError, match=message):
        sweep(MODEL, grid, **OPTIONS)
    assert not count_runs
