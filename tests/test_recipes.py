"""Tests of tptools.recipes."""

from dataclasses import replace

import pytest
import xarray as xr

from tptools import datasets, recipes
from tptools.excitation import Excitation

SMALL = "tplm_example"


@pytest.fixture(autouse=True)
def bundled_files(monkeypatch):
    """Read the files of the checkout."""
    monkeypatch.delenv("TPTOOLS_DATA_DIR", raising=False)
    monkeypatch.delenv("TPTOOLS_DATA_URL", raising=False)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Give a folder where simulations of this module are kept."""
    return tmp_path_factory.mktemp("cache")


def test_small_dataset_comes_out_the_same(cache):
    """Made again, the bundled file has the same counts and attributes."""
    made, stored = recipes.make(SMALL, cache_dir=cache), datasets.load(SMALL)
    xr.testing.assert_equal(made.counts, stored.counts)
    assert made.attrs.keys() == stored.attrs.keys()
    unlike = {key for key in made.attrs if made.attrs[key] != stored.attrs[key]}
    # sums of another order of threads or library may differ in the last digit
    assert unlike <= {"version", "simulation_noise_ratio"}


def test_every_recipe_has_its_file_and_every_file_its_recipe():
    """Simulated datasets are those with recipes, with these settings and enough statistics."""
    simulated = {
        name for name in datasets.names() if datasets.load(name).attrs["origin"] == "simulated"
    }
    assert simulated == set(recipes.RECIPES)
    for name in simulated:
        stored = datasets.load(name)
        assert stored.attrs["title"] == recipes.RECIPES[name].title
        assert stored.attrs["rep_rate_MHz"] == recipes.RECIPES[name].rep_rate_MHz
        ratio = stored.get("simulation_noise_ratio", stored.attrs.get("simulation_noise_ratio"))
        assert float(xr.DataArray(ratio).max()) < 0.5


def test_no_recipe_holds_a_diffusivity():
    """What the fits shall find is nowhere among the attributes of the records."""
    for name in recipes.RECIPES:
        attributes = datasets.load(name).attrs
        assert not [key for key in attributes if "diffusivity" in key or key.startswith("D_")]


def test_powers_become_a_dimension(monkeypatch, cache):
    """Several powers join, each with the filter that leaves the same light."""
    small = replace(
        recipes.RECIPES["decays_5MHz"], powers_nW=(0.5, 1.0), n_excitons=3000, title="two"
    )
    monkeypatch.setattr(recipes, "RECIPES", {"two": small})
    made = recipes.make("two", cache_dir=cache)
    assert made.counts.dims == ("power_nW", "time_ns")
    assert made.filter_transmission.values.tolist() == [1.0, 0.5]
    density = [Excitation(power, 5).excitation_density for power in (0.5, 1)]
    assert made.amplitude.values.tolist() == density
    light = made.counts.sum("time_ns").values
    assert light[0] == pytest.approx(light[1], rel=0.1)
    assert made.attrs["title"] == "two"


def test_stopped_run_resumes(monkeypatch, cache):
    """With a cache the simulation runs once."""
    first = recipes.make(SMALL, cache_dir=cache)
    monkeypatch.setattr(recipes, "simulate", None)
    xr.testing.assert_identical(recipes.make(SMALL, cache_dir=cache), first)


def test_command_line(cache, tmp_path, capsys):
    """A name writes a file that loads, and prints its line for the registry."""
    recipes.main([SMALL, "--cache", str(cache), "--folder", str(tmp_path)])
    file, digest = capsys.readouterr().out.split()
    assert (file, len(digest)) == (f"{SMALL}.nc", 64)
    written = xr.load_dataset(tmp_path / file, engine="h5netcdf")
    xr.testing.assert_equal(written, datasets.load(SMALL))
    recipes.main(["--list"])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(
        recipes.RECIPES
    )


def test_unknown_name_lists_the_known():
    """A typing error is answered with the names there are."""
    with pytest.raises(ValueError, match="'tplm_10nw' must be one of 'decays_5MHz'"):
        recipes.make("tplm_10nw")


def test_films_differ_in_what_their_names_say():
    """Traps and memory are each there or not, and nothing else changes."""
    for name, film in recipes.FILMS.items():
        remembers = film.hop_probability_ground != film.hop_probability_modified
        assert remembers == ("memory" in name)
        assert (film.trap_probability > 0) == ("traps" in name)
        assert film.lifetime_ns == recipes.FILM.lifetime_ns
    assert recipes.FILMS["memory and traps"] == recipes.FILM


def test_records_of_the_films_are_of_these_films():
    """Each film has its record at 10 nW, made with its own settings."""
    for name in ("memory", "traps", "neither"):
        attributes, film = datasets.load(f"tplm_10nW_{name}").attrs, recipes.FILMS[name]
        for setting in ("hop_probability_ground", "trap_probability", "lifetime_ns"):
            assert attributes[setting] == getattr(film, setting)


def test_pulse_train_is_that_of_the_laser():
    """Density, period and spot of the excitation, in the units of the lattice."""
    pulses = recipes.pulse_train(Excitation(10, 2.5), 50, burn_in_pulses=3)
    assert (pulses.period_us, pulses.n_pulses, pulses.burn_in_pulses) == (0.4, 50, 3)
    assert pulses.amplitude == Excitation(10, 2.5).excitation_density
    # 500 nm at half maximum on a lattice of 10 nm
    assert pulses.spot_sigma_sites == pytest.approx(50 / 2.3548, rel=1e-4)
