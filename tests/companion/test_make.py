"""Tests of tptools.companion.make."""

import math
import runpy
import signal
import sys
import threading
import time
from dataclasses import asdict, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import tptools
from tptools.companion import datasets, make, recipes
from tptools.companion.outdated import core_minutes
from tptools.excitation import Excitation
from tptools.kmc import ExcitonModel, Recording, diffusivities, mean_square_displacement, sweep
from tptools.provenance import sources

SMALL = "tplm_example"
TWO_LASERS = tuple(
    recipes.Condition(replace(recipes.FILM, relaxation_time_us=0.1), Excitation(power, 5))
    for power in (0.5, 2.0)
)
TINY = replace(recipes.RECIPES["rate_series"], title="two", conditions=TWO_LASERS, n_excitons=2000)


@pytest.fixture(autouse=True)
def bundled_files(monkeypatch):
    """Read the files of the checkout."""
    monkeypatch.delenv("TPTOOLS_DATA_DIR", raising=False)
    monkeypatch.delenv("TPTOOLS_DATA_URL", raising=False)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Give a folder where simulations of this module are kept."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def add(monkeypatch):
    """Give a function that adds recipes for the time of a test."""

    def add(**more):
        monkeypatch.setattr(make, "RECIPES", {**make.RECIPES, **more})

    return add


@pytest.fixture
def runs(monkeypatch):
    """Count simulations; the list holds their seeds, and `stop_at` interrupts the n-th."""

    class Runs(list):
        stop_at = math.inf

    simulate, seeds = make.simulate, Runs()

    def counted(*args, seed, **options):
        if len(seeds) == seeds.stop_at:
            raise KeyboardInterrupt
        seeds.append(seed)
        return simulate(*args, seed=seed, **options)

    monkeypatch.setattr(make, "simulate", counted)
    return seeds


def test_small_dataset_comes_out_the_same(cache):
    """Made again, the bundled file has the same counts and attributes."""
    made, stored = make.make(SMALL, cache_dir=cache), datasets.load(SMALL)
    xr.testing.assert_equal(made.counts, stored.counts)
    assert made.attrs.keys() == stored.attrs.keys()
    unlike = {key for key in made.attrs if made.attrs[key] != stored.attrs[key]}
    # sums of another order of threads or library may differ in the last digit
    assert unlike <= {"version", "simulation_noise_ratio"}


def test_powers_become_a_dimension(add, cache):
    """Several powers join, each with the filter that leaves the same light."""
    lasers = (Excitation(0.5, 5), Excitation(1.0, 5))
    conditions = tuple(recipes.Condition(recipes.VARIANTS["traps"], one) for one in lasers)
    fig_1d = recipes.RECIPES["decays_5MHz"]
    add(two=replace(fig_1d, conditions=conditions, n_excitons=3000, title="two"))
    made = make.make("two", cache_dir=cache)
    assert made.counts.dims == ("power_nW", "time_ns")
    assert made.power_nW.values.tolist() == [0.5, 1.0]
    assert made.filter_transmission.values.tolist() == [1.0, 0.5]
    assert made.excitation_density.values.tolist() == [one.excitation_density for one in lasers]
    light = made.counts.sum("time_ns").values
    assert light[0] == pytest.approx(light[1], rel=0.1)
    assert made.attrs["title"] == "two"
    # what remembers nothing is steady at once; of light that comes later a decay needs no more
    settings = {"burn_in_pulses": 0, "until_ns": 20, "n_trains": 8, "window_end_ns": 100}
    assert {name: made.attrs[name] for name in settings} == settings


def test_brighter_records_rest_on_more_excitons(add, cache):
    """Without a filter light grows with power, and so does the simulation behind it."""
    conditions = tuple(
        recipes.Condition(one.film, Excitation(power, 5))
        for one, power in zip(TWO_LASERS, (1.0, 4.0), strict=True)
    )
    add(bright=replace(TINY, conditions=conditions, n_excitons=8000, unfiltered_power_nW=4.0))
    made = make.make("bright", cache_dir=cache)
    assert made.attrs["filter_transmission"] == 1
    assert made.attrs["burn_in_pulses"] > 0
    dim, bright = made.simulated_photons.values
    assert bright / dim == pytest.approx(4, rel=0.1)


def test_what_differs_between_records_becomes_a_column():
    """In one of three is enough; what is the same in all stays an attribute of the whole."""
    records = [
        xr.Dataset({"counts": ("x", [k])}, attrs={"film": film, "power_nW": 1.0, "seed": k})
        for k, film in enumerate(["a", "a", "b"])
    ]
    joined = make._join(records, "record")
    assert joined.film.values.tolist() == ["a", "a", "b"]
    assert joined.seed.dims == joined.film.dims == ("record",)
    assert joined.attrs == {"power_nW": 1.0}
    assert "record" not in joined.coords
    assert make._join(records, "seed").coords["seed"].values.tolist() == [0, 1, 2]


def test_counts_are_packed(tmp_path):
    """As small as the format makes them; what has none is written as well."""
    counts = np.random.default_rng(1).poisson(1.0, 5000)
    make.write(xr.Dataset({"counts": ("x", counts)}), tmp_path / "packed.nc")
    with xr.open_dataset(tmp_path / "packed.nc", engine="h5netcdf") as written:
        packed = {"zlib": True, "complevel": 9, "shuffle": True}
        assert {name: written.counts.encoding[name] for name in packed} == packed
    make.write(xr.Dataset({"value": ("x", [1.0])}), tmp_path / "plain.nc")
    with xr.open_dataset(tmp_path / "plain.nc", engine="h5netcdf") as written:
        assert not written.value.encoding["zlib"]


def test_finished_dataset_is_not_made_again(runs, cache):
    """With a cache the simulation runs once."""
    first = make.make(SMALL, cache_dir=cache)
    runs.clear()
    xr.testing.assert_identical(make.make(SMALL, cache_dir=cache), first)
    assert runs == []


def test_stopped_run_resumes(add, runs, tmp_path):
    """Records that were finished before an interrupt are kept, and the result is the same."""
    add(two=TINY)
    runs.stop_at = 1
    with pytest.raises(KeyboardInterrupt):
        make.make("two", cache_dir=tmp_path)
    runs.stop_at = math.inf
    resumed = make.make("two", cache_dir=tmp_path)
    assert runs == [TINY.seed_of(0), TINY.seed_of(1)]
    xr.testing.assert_identical(resumed, make.make("two"))


def test_killed_command_goes_on(add, runs, tmp_path, capsys):
    """A killed process leaves no file and no record half; the next makes the rest, and the file."""
    add(two=TINY)
    cache, folder = tmp_path / "cache", tmp_path / "folder"
    folder.mkdir()
    command = ["two", "--cache", str(cache), "--folder", str(folder)]
    process = get_context("fork").Process(target=make.main, args=[command])
    process.start()
    while not list(cache.rglob("output.pkl")):
        time.sleep(0.002)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert list(folder.iterdir()) == []
    make.main(command)
    assert runs == [TINY.seed_of(1)]
    assert [path.name for path in folder.iterdir()] == ["two.nc"]
    made = xr.load_dataset(folder / "two.nc", engine="h5netcdf")
    xr.testing.assert_equal(made.counts, make.make("two", cache_dir=cache).counts)


def test_a_condition_more_changes_no_other(add, runs, tmp_path):
    """Records keep their counts and their place in the cache, wherever a condition joins."""
    first, second = TINY.conditions
    third = replace(second, laser=Excitation(1, 5))
    more = replace(TINY, conditions=(third, second, first, second))
    add(two=TINY, more=more)
    two = make.make("two", cache_dir=tmp_path)
    joined = make.make("more", cache_dir=tmp_path)
    assert runs == [*(TINY.seed_of(k) for k in (0, 1)), *(more.seed_of(k) for k in (0, 3))]
    xr.testing.assert_equal(joined.counts.isel(record=[2, 1]), two.counts)
    assert (joined.counts[3] != joined.counts[1]).any()


def test_nothing_outlives_its_settings(add, runs, tmp_path):
    """Records of a changed seed or film are made anew, the others are not."""
    first, second = TINY.conditions
    slower = replace(second, film=replace(second.film, hop_rate_modified_per_ps=0.3))
    add(two=TINY, changed=replace(TINY, conditions=(first, slower)))
    make.make("two", cache_dir=tmp_path)
    runs.clear()
    make.make("changed", cache_dir=tmp_path)
    assert runs == [make.RECIPES["changed"].seed_of(1)]


def test_a_title_costs_no_simulation(add, runs, tmp_path):
    """What a dataset is called is no part of how it is made."""
    add(two=TINY, renamed=replace(TINY, title="the same"))
    make.make("two", cache_dir=tmp_path)
    runs.clear()
    assert make.make("renamed", cache_dir=tmp_path).attrs["title"] == "the same"
    assert runs == []


def test_nothing_outlives_its_code(add, runs, tmp_path, monkeypatch):
    """Where the code behind the records has changed, all are made anew."""
    add(two=TINY)
    make.make("two", cache_dir=tmp_path)
    monkeypatch.setattr(make, "fingerprint", lambda *made_by: "of other code")
    make.make("two", cache_dir=tmp_path)
    assert runs == 2 * [TINY.seed_of(0), TINY.seed_of(1)]


def test_calibration_becomes_a_dataset(add, cache, monkeypatch):
    """What was tried, the curve of the best, its parameters and the targets are all there."""
    film = ExcitonModel(relaxation_time_us=0.05, lifetime_ns=1.0)
    recipe = recipes.CalibrationRecipe("tiny", film, {"highest_cm2_s": 0.1}, 300, 1)
    add(tiny=recipe)
    lasers = tuple(Excitation(power, 2.5) for power in (25, 10, 4, 1))
    monkeypatch.setattr(make, "CURVE_LASERS", lasers)
    made = make.make("tiny", cache_dir=cache)
    assert made.diffusivity_cm2_s.dims == ("laser",)
    assert made.hop_rate_modified_per_ps.dims == made.tau_us.dims == ("model",)
    assert made.attrs["hop_rate_modified_per_ps"] in made.hop_rate_modified_per_ps
    assert (made.attrs["target_highest_cm2_s"], made.attrs["title"]) == (0.1, "tiny")
    assert made.attrs["hop_rate_ground_per_ps"] == film.hop_rate_ground_per_ps
    made_by = {"origin": "simulated", "seed": 1, "n_excitons": 300, "version": tptools.__version__}
    assert made_by.items() <= made.attrs.items()


def test_what_a_function_computes_becomes_a_dataset():
    """The function gets films, settings and seed, and the file says of which they were."""

    def compute(films, **settings):
        return xr.Dataset(attrs={"asked": (list(films), settings)})

    films = {"a": ExcitonModel(lifetime_ns=2.0), "b": ExcitonModel()}
    recipe = recipes.ComputedRecipe("tiny", compute, films, {"n_trains": 3}, 5)
    attrs = make._computed(recipe, "code").attrs
    assert attrs["asked"] == (["a", "b"], {"n_trains": 3, "seed": 5})
    assert (attrs["origin"], attrs["seed"]) == ("simulated", 5)
    assert attrs["version"] == tptools.__version__
    for name, film in films.items():
        assert attrs[f"{name}: lifetime_ns"] == film.lifetime_ns


def test_curves_and_choices_become_datasets(monkeypatch):
    """With the numbers of the recipe, of its films or beside them."""

    def asked(*given, **settings):
        return xr.Dataset({"asked": repr((given, settings))})

    def charged(**settings):
        return xr.Dataset({"charged": repr(settings)})

    for name, one in (
        ("simulated_curves", asked),
        ("read_by_choices", asked),
        ("charged_curves", charged),
    ):
        monkeypatch.setattr(make, name, one)
    film, series = ExcitonModel(), {"one": (Excitation(1, 2.5),)}
    shared = {"origin": "simulated", "version": tptools.__version__, "seed": 5, "n_excitons": 70}
    settings = {"seed": 5, "n_excitons": 70}
    curves = make.carry_out(recipes.CurvesRecipe("curves", {"a": film}, series, 70, 5))
    assert curves.asked == repr((({"a": film}, series), settings))
    assert curves.attrs == shared
    choices = make.carry_out(recipes.ChoicesRecipe("choices", film, 70, 5))
    assert choices.asked == repr(((film,), settings))
    assert choices.charged == repr({"seed": 5})
    assert choices.attrs == asdict(film) | shared


def test_experiments_are_made_of_allowed_films(monkeypatch):
    """Evenly spaced draws of a case meet all shots, which know their experiment."""

    def run_shots(films, shots, *, seed, model, n_excitons, cache_dir, progress):
        assert (seed, model, n_excitons, cache_dir, progress) == (5, make.MODEL, 70, "kept", True)
        table = films.rename_axis("film").to_xarray()
        return table.assign(label=("shot", [one.label for one in shots]))

    monkeypatch.setattr(make, "run_shots", run_shots)
    recipe = recipes.ExperimentRecipe("tried", "q = 1", 3, 70, 5)
    tried = make.carry_out(recipe, "kept", True)
    draws = datasets.load("allowed_films").sel(case="q = 1").isel(draw=[0, 499, 999])
    for name in make.OF_A_FILM:
        assert tried[name].values.tolist() == draws[name].values.astype(float).tolist()
    assert {*tried.data_vars} == {*make.OF_A_FILM, "label"}
    pairs = zip(tried.experiment.values, tried.label.values, strict=True)
    assert [*map(tuple, pairs)] == [
        (name, one.label) for name, several in make.EXPERIMENTS.items() for one in several
    ]
    assert tried.attrs == {"version": tptools.__version__}


def test_reach_is_that_of_the_farthest_exciton():
    """Along either axis, of any train at any time, and of nobody none."""
    axis = np.arange(-2, 3) * 10.0
    counts = np.zeros((2, 4, 2, 3, 5), int)  # axis, condition, train, time, place
    counts[0, 0, 1, 2, 4] = counts[1, 0, 0, 0, 3] = 1
    counts[0, 1, 0, 0, 2] = counts[1, 1, 0, 1, 0] = 1
    counts[:, 2, :, :, 2] = 7
    names = [("condition", "train", "time_ns", f"{of}_nm") for of in "xy"]
    runs = xr.Dataset(
        {f"{of}_count": (dims, one) for of, dims, one in zip("xy", names, counts, strict=True)},
        {"x_nm": axis, "y_nm": axis},
    )
    assert make._reach(runs).values.tolist() == [20, 20, 0, 0]


def test_sweep_becomes_a_dataset(add, cache):
    """Conditions of all protocols join, each with what `diffusivities` and the counts say."""
    grids = {
        "one": {"excitation_density": [0.02, 0.04], "period_us": [10.0], "n_pulses": 20},
        "other": {"excitation_density": [0.04], "period_us": [np.inf], "n_pulses": 20},
    }
    recording = Recording(until_ns=3)
    sizes = {"n_trains": 2, "seed": 5, "displacement_every_ns": 0.5}
    add(tiny=recipes.SweepRecipe("tiny", ExcitonModel(), grids, recording, **sizes))
    made = make.make("tiny", cache_dir=cache)
    assert made.protocol.values.tolist() == ["one", "one", "other"]
    assert made.time_between_excitations_us.values.tolist() == [500, 250, np.inf]
    runs = sweep(
        ExcitonModel(), grids["one"], seed=5, n_trains=2, progress=False, recording=recording
    )
    for name in recipes.READINGS:
        table = diffusivities(runs, estimator=name).squeeze("period_us")
        one = made.sel(estimator=name).isel(condition=slice(2))
        assert one.value.values.tolist() == table.value.values.tolist()
        assert one.std_err.values.tolist() == table.std_err.values.tolist()
    msd = mean_square_displacement(runs).squeeze("period_us").sel(time_ns=np.arange(0, 3.1, 0.5))
    again = made[msd.name].isel(condition=slice(2)).transpose("condition", ...)
    np.testing.assert_array_equal(again, msd.transpose("excitation_density", *again.dims[1:]))
    np.testing.assert_array_equal(again.time_ns, msd.time_ns)
    reach = made.reach_nm.isel(condition=slice(2)).max()
    assert reach == max(abs(runs.x_nm).max(), abs(runs.y_nm).max())
    assert made.reach_nm.units == "nm"
    assert "farthest" in made.reach_nm.long_name
    assert made.burn_in_pulses.values[:2].tolist() == runs.burn_in_pulses.values.ravel().tolist()


@pytest.mark.parametrize(
    ("protocol", "excitation_density", "period_us"),
    [("steady state", 0.005, 0.5), ("fresh lattice", 0.02, 0.5), ("isolated", 0.01, math.inf)],
)
def test_sweep_comes_out_the_same(protocol, excitation_density, period_us):
    """Conditions that are simulated again have the bundled diffusivities, by all readings."""
    recipe, stored = recipes.RECIPES["simulated_collapse"], datasets.load("simulated_collapse")
    point = recipe.grids[protocol] | {
        "excitation_density": excitation_density,
        "period_us": period_us,
    }
    runs = sweep(
        recipe.model,
        point,
        seed=recipe.seed,
        n_trains=recipe.n_trains,
        recording=recipe.recording,
        progress=False,
    )
    chosen = (stored.protocol == protocol) & (stored.excitation_density == excitation_density)
    one = stored.isel(condition=np.flatnonzero(chosen & (stored.period_us == period_us)))
    again = {name: diffusivities(runs, estimator=name) for name in recipes.READINGS}
    for name, table in again.items():
        found = one.sel(estimator=name)
        # a fit sees the window of the whole sweep, with more empty columns; moments do not
        rel = 1e-3 if name in ("gaussian", "slice_line") else 1e-12
        np.testing.assert_allclose(found.value.item(), table.value.item(), rtol=rel)
        np.testing.assert_allclose(found.std_err.item(), table.std_err.item(), rtol=10 * rel)


def test_command_line(cache, tmp_path, capsys):
    """A name writes a file that loads, and prints its line for the registry."""
    make.main([SMALL, "--cache", str(cache), "--folder", str(tmp_path)])
    file, digest = capsys.readouterr().out.split()
    assert (file, len(digest)) == (f"{SMALL}.nc", 64)
    written = xr.load_dataset(tmp_path / file, engine="h5netcdf")
    xr.testing.assert_equal(written, datasets.load(SMALL))


def made_by(arguments, monkeypatch, tmp_path, capsys):
    """Names for which the command line asks, and the cache that it names, without making any."""
    asked = []

    def without_work(name, *, cache_dir, progress):
        assert progress
        asked.append((name, Path(cache_dir)))
        return xr.Dataset({"counts": ("x", [1])})

    monkeypatch.setattr(make, "make", without_work)
    make.main([*arguments, "--folder", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [f"{name}.nc" for name, _ in asked]
    assert all((tmp_path / f"{name}.nc").exists() for name, _ in asked)
    return asked


def test_command_line_takes_several_names(monkeypatch, tmp_path, capsys):
    """They are made in their order, with a cache of the user unless another is named."""
    asked = made_by(["tplm_25nW", SMALL], monkeypatch, tmp_path, capsys)
    assert [name for name, _ in asked] == ["tplm_25nW", SMALL]
    assert {cache for _, cache in asked} == {Path(make.pooch.os_cache("tptools"))}
    other = tmp_path / "other"
    asked = made_by([SMALL, "--cache", str(other)], monkeypatch, tmp_path, capsys)
    assert asked == [(SMALL, other)]


def test_command_line_makes_all(monkeypatch, tmp_path, capsys):
    """With --all every recipe has its turn."""
    asked = made_by(["--all"], monkeypatch, tmp_path, capsys)
    assert [name for name, _ in asked] == sorted(recipes.RECIPES)


@pytest.mark.parametrize("arguments", [["--list"], []], ids=["list", "nothing"])
def test_command_line_lists(arguments, capsys):
    """Asked for a list, or for nothing, it says which datasets there are."""
    make.main(arguments)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(maxsplit=1) for line in lines] == [
        [name, recipe.title] for name, recipe in recipes.RECIPES.items()
    ]


def test_it_is_a_program(monkeypatch, capsys):
    """Run by its name it takes the command line."""
    monkeypatch.setattr(sys, "argv", ["make", "--list"])
    runpy.run_path(make.__file__, run_name="__main__")
    assert len(capsys.readouterr().out.splitlines()) == len(recipes.RECIPES)


def test_dry_run_says_what_each_costs(monkeypatch, capsys):
    """A line for each, with what differs where that is why, and nothing is made."""
    monkeypatch.setattr(make, "make", None)
    make.main([SMALL, "film_search", "--dry-run"])
    minutes = f"{core_minutes(SMALL):.2g} min of one core"
    lines = [f"{SMALL:21} {minutes}", "film_search           see its title"]
    count = f"2 of {len(recipes.RECIPES)} datasets to make"
    assert capsys.readouterr().out.splitlines() == [*lines, count]
    differing = {SMALL: ["dwell_s", "n_layers"], "film_search": ["q"]}
    monkeypatch.setattr(make, "outdated", lambda: differing)
    make.main(["--outdated", "--dry-run"])
    found = capsys.readouterr().out.splitlines()
    assert found == [f"{lines[1]}: q", f"{lines[0]}: dwell_s, n_layers", count]


def test_numbers_of_a_search_have_seven_digits():
    """Those that are counted or told stay as they are, and units stay with all."""
    columns = {"D": ("film", [1 / 3], {"units": "cm2/s"}), "n_layers": ("film", [2])}
    small = make._small(xr.Dataset(columns | {"case": ("film", ["q = 1"])}, attrs={"seed": 1}))
    assert (small.D.dtype, small.D.units) == (np.float32, "cm2/s")
    assert small.n_layers.dtype == int
    assert small.case.item() == "q = 1"
    assert small.attrs == {"seed": 1, "version": tptools.__version__}


def test_command_line_refuses_an_unknown_name(capsys):
    """A typing error ends with one line that lists the names, exit code 2, and nothing made."""
    with pytest.raises(SystemExit) as stopped:
        make.main(["tplm_10nw", SMALL])
    said = capsys.readouterr()
    assert (stopped.value.code, said.out) == (2, "")
    assert said.err.startswith("no recipe is named tplm_10nw; there are: allowed_films, ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--folder", "none"], "--folder none is no folder"),
        (["--folder", "file"], "--folder file is no folder"),
        (["--cache", "file"], "--cache file cannot be made"),
        ([], f"{SMALL}.nc is a folder"),
    ],
)
def test_command_line_refuses_where_nothing_can_be_kept(
    options, said, tmp_path, monkeypatch, capsys, runs
):
    """A place that cannot hold the results is named in one line before anything runs."""
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path(f"{SMALL}.nc").mkdir()
    with pytest.raises(SystemExit) as stopped:
        make.main([SMALL, "--cache", "cache", *options])
    report = capsys.readouterr().err
    assert stopped.value.code == 2
    assert report.startswith(said)
    assert report.count("\n") == 1
    assert runs == []


@pytest.mark.parametrize(
    ("options", "surplus"),
    [
        (["--all", SMALL], SMALL),
        (["--outdated", SMALL, "power_series"], f"{SMALL} power_series"),
        (["--all", "--outdated"], "--outdated"),
    ],
)
def test_command_line_refuses_two_choices(options, surplus, capsys):
    """What chooses by itself takes no names, which would be ignored, and no second choice."""
    with pytest.raises(SystemExit) as stopped:
        make.main(options)
    assert stopped.value.code == 2
    assert capsys.readouterr().err == f"{options[0]} chooses the datasets; leave out {surplus}\n"


def test_unknown_name_lists_the_known():
    """A typing error is answered with the names there are."""
    with pytest.raises(ValueError, match="'tplm_10nw' must be one of 'allowed_films'"):
        make.make("tplm_10nw")


def ran(maker, *args):
    """Return what of the package ran in any thread while a maker was at work, by its name."""
    codes = set()

    def profile(frame, event, arg):
        codes.add(frame.f_code)

    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        maker(*args)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    package = Path(make.__file__).parents[1]
    own = [one for one in codes if package in Path(one.co_filename).parents]
    modules = [Path(one.co_filename).relative_to(package.parent).with_suffix("") for one in own]
    return {
        f"{'.'.join(module.parts)}.{one.co_qualname.partition('.')[0]}".replace(".__init__.", ".")
        for module, one in zip(modules, own, strict=True)
        if one.co_name != "<module>"
    }


def test_all_that_runs_for_a_record_is_in_its_key():
    """What types and imports tell of the makers of records is all that takes part."""
    one = replace(TINY, conditions=TWO_LASERS[:1], n_excitons=200)
    found = ran(make._record, one, "", False)
    assert len(found) > 30
    assert found <= sources(make._record).keys()


def test_all_that_runs_for_a_calibration_is_in_its_key(monkeypatch):
    """The same of calibrations, with the fits."""
    monkeypatch.setattr(make, "CURVE_LASERS", tuple(Excitation(p, 2.5) for p in (25, 10, 4, 1)))
    film = ExcitonModel(relaxation_time_us=0.05, lifetime_ns=1.0)
    recipe = recipes.CalibrationRecipe("tiny", film, {"highest_cm2_s": 0.1}, 300, 1)
    found = ran(make._calibrated, recipe, "", False)
    assert len(found) > 50
    assert found <= sources(make._calibrated).keys()


def test_all_that_runs_for_a_sweep_is_in_its_key():
    """The same of sweeps, with every reading of D."""
    grids = {"one": {"excitation_density": [0.04], "period_us": [10.0], "n_pulses": 20}}
    recipe = recipes.SweepRecipe("tiny", ExcitonModel(), grids, Recording(until_ns=3), n_trains=2)
    found = ran(make._swept, recipe, "one", "", False)
    assert len(found) > 30
    assert found <= sources(make._swept).keys()
