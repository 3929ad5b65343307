"""Make the datasets from nothing, as their recipes say.

``python -m tptools.companion.make NAME`` makes a dataset, ``--all`` makes all, and ``--list`` says
which there are; ``--outdated`` makes those that are no longer what their recipes say, as after a
change of a film. Finished records are kept, and what was interrupted goes on from there.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd
import pooch
import xarray as xr

import tptools
from tptools.cache import kept
from tptools.checks import check_choice
from tptools.companion import datasets
from tptools.companion.allowed import allowed_films
from tptools.companion.experiments import EXPERIMENTS, OF_A_FILM
from tptools.companion.explorer import simulated_curves
from tptools.companion.outdated import core_minutes, outdated
from tptools.companion.readings import charged_curves, read_by_choices
from tptools.companion.recipes import (
    CURVE_LASERS,
    READINGS,
    RECIPES,
    AllowedRecipe,
    AnyRecipe,
    CalibrationRecipe,
    ChoicesRecipe,
    ComputedRecipe,
    CurvesRecipe,
    ExperimentRecipe,
    Recipe,
    SearchRecipe,
    SweepRecipe,
)
from tptools.companion.search import MODEL, search_films
from tptools.files import whole
from tptools.inference import calibrate, run_shots
from tptools.kmc import (
    Recording,
    diffusivities,
    mean_square_displacement,
    pulse_train,
    simulate,
    sweep,
)
from tptools.provenance import fingerprint

__all__ = ["carry_out", "main", "make", "write"]

N_TRAINS = 8
LONGEST_RECORDING_NS = 20


def make(
    name: str, *, cache_dir: str | PathLike[str] | None = None, progress: bool = False
) -> xr.Dataset:
    """Make a dataset from nothing.

    Parameters
    ----------
    name : str
        One of `RECIPES`.
    cache_dir : path, optional
        Folder in which every record is kept as soon as it is made; the same call takes up from
        there, unless the code behind the records has changed.
    progress : bool, optional
        Show a bar over pulses for each record.

    Returns
    -------
    Dataset
        As of `tptools.instruments.Microscope.measure`; several records along the recipe's
        dimension, with what differs between them as further variables. Of a calibration: what was
        tried. Of sweeps: the diffusivities. Of a search: films, with what is read of them.

    Raises
    ------
    ValueError
        If there is no such recipe.

    Examples
    --------
    >>> make("tplm_example").counts.dims
    ('time_ns', 'position_nm')
    """
    check_choice("name", name, sorted(RECIPES))
    recipe = RECIPES[name]
    made = carry_out(recipe, cache_dir, progress)
    licence = {"licence": "CC BY 4.0", "recipe": f"python -m tptools.companion.make {name}"}
    return made.assign_attrs(title=recipe.title, **licence)


def write(dataset: xr.Dataset, path: str | PathLike[str]) -> str:
    """Write a dataset to a compressed netCDF file, whole or not at all.

    Parameters
    ----------
    dataset : Dataset
        From `make`.
    path : path
        Of the file.

    Returns
    -------
    str
        Its line for ``data_registry.txt``.

    Raises
    ------
    OSError
        If it cannot be written, as on a full disk; what was there before stays.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     line = write(xr.Dataset({"counts": ("time_ns", [1, 2])}), Path(folder, "two.nc"))
    >>> line.split()[0]
    'two.nc'
    """
    packed = {"zlib": True, "complevel": 9, "shuffle": True}
    encoding = {"counts": packed} if "counts" in dataset else {}
    # in memory first: on a full disk the HDF5 library ends the process without a word
    content = dataset.to_netcdf(engine="h5netcdf", encoding=encoding)
    with whole(path) as beside:
        beside.write_bytes(content)
    return f"{Path(path).name} {pooch.file_hash(str(path))}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Remake datasets from the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Instead of those of the command line.

    Examples
    --------
    >>> main(["--list"])  # doctest: +ELLIPSIS
    simulated_collapse    diffusivity of Note 2's model over <N> and period, as in Fig. 4e
    simulated_variants ... numbers allow
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    chosen = {"--all": options.all, "--outdated": options.outdated}
    several = [flag for flag, given in chosen.items() if given]
    if several and (options.name or len(several) > 1):
        surplus = " ".join([*several[1:], *options.name])
        parser.exit(2, f"{several[0]} chooses the datasets; leave out {surplus}\n")
    unknown = [name for name in options.name if name not in RECIPES]
    if unknown:
        known = ", ".join(sorted(RECIPES))
        parser.exit(2, f"no recipe is named {', '.join(unknown)}; there are: {known}\n")
    differing = outdated() if options.outdated else {}
    wanted = options.name or sorted(RECIPES if options.all else differing)
    if options.list or not (wanted or several):
        print(*(f"{name:21} {recipe.title}" for name, recipe in RECIPES.items()), sep="\n")
        return
    if options.dry_run or options.outdated:
        _announce(wanted, differing)
    if options.dry_run:
        return
    paths = [options.folder / f"{name}.nc" for name in wanted]
    if obstacle := _obstacle(options.cache, paths):
        parser.exit(2, f"{obstacle}\n")
    for name, path in zip(wanted, paths, strict=True):
        line = write(make(name, cache_dir=options.cache, progress=True), path)
        print(line, flush=True)
        if options.register:
            datasets.register(line)


def _parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    parser = argparse.ArgumentParser(
        prog="python -m tptools.companion.make",
        description="Remake datasets. Their counts are those of data/, their bytes may differ with "
        "the HDF5 library; the lines for data_registry.txt are printed. What was interrupted "
        "goes on where it stopped.",
    )
    parser.add_argument("name", nargs="*", help="which datasets")
    parser.add_argument("--all", action="store_true", help="remake all of them")
    parser.add_argument(
        "--outdated", action="store_true", help="remake those that no longer are their recipes'"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be made, and stop")
    parser.add_argument(
        "--register", action="store_true", help="write the lines into data_registry.txt"
    )
    parser.add_argument("--list", action="store_true", help="list the datasets and stop")
    parser.add_argument("--folder", type=Path, default=Path(), help="where the files go")
    parser.add_argument(
        "--cache",
        type=Path,
        default=pooch.os_cache("tptools"),
        help="folder in which finished records are kept (default: %(default)s)",
    )
    return parser


def _announce(wanted: Sequence[str], differing: Mapping[str, Sequence[str]]) -> None:
    """Say what would be made, how long one core takes, and in what a file is not its recipe's."""
    for name in wanted:
        why = f": {', '.join(differing[name])}" if name in differing else ""
        minutes = core_minutes(name)
        cost = "see its title" if math.isnan(minutes) else f"{minutes:.2g} min of one core"
        print(f"{name:21} {cost}{why}")
    print(f"{len(wanted)} of {len(RECIPES)} datasets to make")


def _obstacle(cache: Path, paths: Sequence[Path]) -> str:
    """What would keep results from being stored, found before hours are spent on them."""
    if not paths:
        return ""
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"--cache {cache} cannot be made: {error.strerror}; name another folder"
    if not paths[0].parent.is_dir():
        return f"--folder {paths[0].parent} is no folder; make it first"
    folders = [str(path) for path in paths if path.is_dir()]
    return f"{folders[0]} is a folder where a file would go; move it away" if folders else ""


def carry_out(
    recipe: AnyRecipe, cache_dir: str | PathLike[str] | None = None, progress: bool = False
) -> xr.Dataset:
    """Do what a recipe says, whatever it is called.

    Parameters
    ----------
    recipe : Recipe, CalibrationRecipe, SweepRecipe, ChoicesRecipe, ExperimentRecipe or others
        One of `RECIPES`, or one like it.
    cache_dir, progress
        As for `make`.

    Returns
    -------
    Dataset
        As of `make`, without title, licence and recipe.

    Examples
    --------
    ::

        carry_out(replace(RECIPES["tplm_example"], seed=2))
    """
    recipe = replace(recipe, title="")  # which is no part of how a dataset is made
    match recipe:
        case CalibrationRecipe():
            calibrated = kept(_calibrated, cache_dir, ignore=["progress"])
            return calibrated(recipe, fingerprint(_calibrated), progress)
        case SweepRecipe():
            return _swept_protocols(recipe, cache_dir, progress)
        case ComputedRecipe():
            computed = kept(_computed, cache_dir)
            return computed(recipe, fingerprint(recipe.compute))
        case ChoicesRecipe():
            read = kept(_read_by_choices, cache_dir)
            return read(recipe, fingerprint(_read_by_choices))
        case CurvesRecipe():
            drawn = kept(_simulated_curves, cache_dir)
            return drawn(recipe, fingerprint(_simulated_curves))
        case ExperimentRecipe():
            return _tried(recipe, cache_dir, progress)
        case SearchRecipe() | AllowedRecipe():
            settings = asdict(recipe) | {"cache_dir": cache_dir, "progress": progress}
            del settings["title"]
            if isinstance(recipe, SearchRecipe):
                return _small(search_films(**settings))
            films = carry_out(RECIPES[settings.pop("search")], cache_dir, progress)
            return _small(allowed_films(films, **settings))
    return _records(recipe, cache_dir, progress)


def _small(dataset: xr.Dataset) -> xr.Dataset:
    """Numbers with seven digits, which are more than a simulation has."""
    return dataset.map(
        lambda one: one.astype(np.float32) if one.dtype == float else one, keep_attrs=True
    ).assign_attrs(version=tptools.__version__)


def _swept_protocols(
    recipe: SweepRecipe, cache_dir: str | PathLike[str] | None, progress: bool
) -> xr.Dataset:
    """Sweeps of all protocols, one after the other along the conditions."""
    swept = kept(_swept, cache_dir, ignore=["progress"])
    code = fingerprint(_swept)
    protocols = [
        swept(replace(recipe, grids={protocol: grid}), protocol, code, progress)
        for protocol, grid in recipe.grids.items()
    ]
    return xr.concat(protocols, "condition", combine_attrs="drop_conflicts")


def _records(recipe: Recipe, cache_dir: str | PathLike[str] | None, progress: bool) -> xr.Dataset:
    """Records of all conditions, joined if there are several."""
    record, code = kept(_record, cache_dir, ignore=["progress"]), fingerprint(_record)
    each = [
        replace(recipe, conditions=(one,), seed=recipe.seed_of(k))
        for k, one in enumerate(recipe.conditions)
    ]
    records = [record(one, code, progress) for one in each]
    return records[0] if len(records) == 1 else _join(records, recipe.along)


def _record(recipe: Recipe, code: str, progress: bool) -> xr.Dataset:
    """One record; the cache tells results apart by all arguments but the last."""
    (condition,) = recipe.conditions
    laser, film = condition.laser, condition.film
    light = min(laser.power_nW, recipe.unfiltered_power_nW)
    remembers = film.hop_rate_ground_per_ps != film.hop_rate_modified_per_ps
    pulses = pulse_train(
        laser,
        n_excitons=recipe.n_excitons * max(light, 1) / N_TRAINS,
        burn_in_pulses=None if remembers else 0,
        lattice_spacing_nm=film.lattice_spacing_nm,
    )
    recording = Recording(until_ns=min(recipe.microscope.timer.window_end_ns, LONGEST_RECORDING_NS))
    run = simulate(
        film, pulses, seed=recipe.seed, n_trains=N_TRAINS, recording=recording, progress=progress
    )
    filtered = recipe.microscope.with_(filter_transmission=light / laser.power_nW)
    measured = filtered.measure(run, seed=recipe.seed)
    return measured.assign_attrs(temperature_K=condition.temperature_K)


def _join(records: list[xr.Dataset], along: str) -> xr.Dataset:
    """Join records; attributes that differ between them become variables."""
    differing = [
        name
        for name, value in records[0].attrs.items()
        if any(record.attrs[name] != value for record in records)
    ]
    labelled = [
        record.assign({name: record.attrs[name] for name in differing}).set_coords(
            [along] if along in differing else []
        )
        for record in records
    ]
    return xr.concat(labelled, along, combine_attrs="drop_conflicts")


def _calibrated(recipe: CalibrationRecipe, code: str, progress: bool) -> xr.Dataset:
    """What a calibration tried, one model after the other, and the curve of the best."""
    found = calibrate(
        recipe.start,
        recipe.targets,
        CURVE_LASERS,
        seed=recipe.seed,
        n_excitons=recipe.n_excitons,
        progress=progress,
    )
    tried = found.history.rename_axis("model").to_xarray()
    targets = {f"target_{name}": value for name, value in recipe.targets.items()}
    return xr.merge([tried, found.curve]).assign_attrs(
        asdict(found.model),
        **targets,
        origin="simulated",
        seed=recipe.seed,
        n_excitons=recipe.n_excitons,
        version=tptools.__version__,
    )


def _read_by_choices(recipe: ChoicesRecipe, code: str) -> xr.Dataset:
    """Numbers of one film's curve; `code` tells results apart in a cache."""
    found = read_by_choices(recipe.film, seed=recipe.seed, n_excitons=recipe.n_excitons)
    return found.merge(charged_curves(seed=recipe.seed)).assign_attrs(
        asdict(recipe.film),
        origin="simulated",
        seed=recipe.seed,
        n_excitons=recipe.n_excitons,
        version=tptools.__version__,
    )


def _simulated_curves(recipe: CurvesRecipe, code: str) -> xr.Dataset:
    """Curves of films; `code` tells results apart in a cache."""
    numbers = {"seed": recipe.seed, "n_excitons": recipe.n_excitons}
    found = simulated_curves(recipe.films, recipe.series, **numbers)
    return found.assign_attrs(origin="simulated", version=tptools.__version__, **numbers)


def _computed(recipe: ComputedRecipe, code: str) -> xr.Dataset:
    """What a function gives; `code` tells results apart in a cache."""
    made = recipe.compute(recipe.films, **recipe.settings, seed=recipe.seed)
    films = {
        f"{name}: {k}": v for name, film in recipe.films.items() for k, v in asdict(film).items()
    }
    shared = {"origin": "simulated", "seed": recipe.seed, "version": tptools.__version__}
    return made.assign_attrs(films | shared)


def _tried(
    recipe: ExperimentRecipe, cache_dir: str | PathLike[str] | None, progress: bool
) -> xr.Dataset:
    """Outcomes of all experiments, each film kept as soon as it is done."""
    draws = datasets.load("allowed_films").sel(case=recipe.case, drop=True)
    chosen = np.linspace(0, draws.sizes["draw"] - 1, recipe.n_films).astype(int)
    films = draws[list(OF_A_FILM)].isel(draw=chosen).to_dataframe().astype(float)
    shots = [shot for several in EXPERIMENTS.values() for shot in several]
    found = run_shots(
        films[list(OF_A_FILM)].reset_index(drop=True),
        shots,
        seed=recipe.seed,
        model=MODEL,
        n_excitons=recipe.n_excitons,
        cache_dir=cache_dir,
        progress=progress,
    )
    names = [name for name, several in EXPERIMENTS.items() for _ in several]
    return found.assign_coords(experiment=("shot", names)).assign_attrs(version=tptools.__version__)


def _swept(recipe: SweepRecipe, protocol: str, code: str, progress: bool) -> xr.Dataset:
    """Diffusivities of one protocol by every reading, and how far its excitons came."""
    runs = sweep(
        recipe.model,
        recipe.grids[protocol],
        seed=recipe.seed,
        n_trains=recipe.n_trains,
        recording=recipe.recording,
        progress=progress,
    )
    read = [diffusivities(runs, estimator=one) for one in READINGS]
    table = xr.concat(
        [one.set_coords("time_between_excitations_us") for one in read],
        pd.Index(READINGS, name="estimator"),
        coords="minimal",
        compat="equals",
        combine_attrs="drop",
    )
    farthest = "farthest row or column with an exciton"
    table["reach_nm"] = _reach(runs).assign_attrs(long_name=farthest)
    table["burn_in_pulses"] = runs["burn_in_pulses"]
    if step_ns := recipe.displacement_every_ns:
        each = round(1e3 * step_ns / recipe.recording.interval_ps)
        displacements = mean_square_displacement(runs).isel(time_ns=slice(None, None, each))
        table[displacements.name] = displacements
    flat = table.stack(condition=("excitation_density", "period_us")).reset_index("condition")
    labels = {"protocol": ("condition", [protocol] * flat.sizes["condition"])}
    shared = {name: value for name, value in runs.attrs.items() if name not in flat.variables}
    return flat.assign_coords(labels).assign_attrs(shared)


def _reach(runs: xr.Dataset) -> xr.DataArray:
    """Largest distance from the centre at which a run has counts, along x or y."""
    along_x, along_y = (
        abs(runs[axis]).where((runs[counts] > 0).any(["train", "time_ns"]), 0).max(axis)
        for axis, counts in (("x_nm", "x_count"), ("y_nm", "y_count"))
    )
    return along_x.where(along_x > along_y, along_y)


if __name__ == "__main__":
    main()
