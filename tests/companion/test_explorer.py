"""Tests of tptools.companion.explorer."""

import json
import re
from dataclasses import asdict, replace

import numpy as np
import pytest

from tptools.companion import datasets, explorer
from tptools.companion.explorer import EXPLORED, LASERS, SERIES, settings, simulated_curves
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.kmc import ExcitonModel, PulseTrain, pulse_train
from tptools.kmc.model import check_spot_fits
from tptools.randomness import seed_sequence


@pytest.fixture(scope="module")
def stored():
    return datasets.load("explorer_curves")


def test_twins_draw_one_curve_and_part_at_constant_power(stored):
    """Against T they are within a fifth everywhere; at 5 nW only the short memory sees the rate."""
    short, long = (
        stored.diffusivity_cm2_s.sel(film=name) for name in ("OLA/OA", "OLA/OA, long memory")
    )
    by_power, by_rate = (stored.series == name for name in ("power", "rate"))
    assert (
        EXPLORED["OLA/OA, long memory"].relaxation_time_us
        > 20 * EXPLORED["OLA/OA"].relaxation_time_us
    )
    assert abs(np.log(long / short)[by_power]).max() < 0.2
    span_short, span_long = (np.ptp(np.log(one[by_rate].values)) for one in (short, long))
    assert span_short > 0.5 > 2 * span_long


def test_curves_have_small_errors_and_all_lasers(stored):
    """Points are known to a few per cent, the worst to a tenth, at the lasers of their series."""
    relative = (stored.std_err / stored.diffusivity_cm2_s).values
    assert relative.max() < 0.1
    assert np.median(relative) < 0.03
    wanted = [(name, one.power_nW, one.rep_rate_MHz) for name in SERIES for one in SERIES[name]]
    columns = (stored[name].values for name in ("series", "power_nW", "rep_rate_MHz"))
    assert [*zip(*columns, strict=True)] == wanted


def test_curves_are_of_the_films_that_the_page_offers(stored):
    """All numbers of each stand beside its curve, and but for the twin they are the library's."""
    assert stored.film.values.tolist() == [*EXPLORED]
    for name, film in EXPLORED.items():
        numbers = asdict(film)
        assert numbers.pop("film") == name
        assert {key: stored[key].sel(film=name).item() for key in numbers} == numbers
    assert [name for name in EXPLORED if name not in FILMS] == [explorer.TWIN.film]


def test_curves_are_those_of_each_film_under_each_laser(monkeypatch):
    """In rows of films and columns of lasers, with units, from the excitons that are asked for."""

    def film_diffusivity(film, laser, *, seed, n_excitons, n_trains):
        assert (seed, n_excitons, n_trains) == (5, 70, 4)
        return Estimate(film.lifetime_ns, laser.power_nW, "cm2/s", "x")

    monkeypatch.setattr(explorer, "film_diffusivity", film_diffusivity)
    films = {name: ExcitonModel(lifetime_ns=life) for name, life in (("a", 1.0), ("b", 2.0))}
    lasers = {"one": (Excitation(3, 2.5),), "other": (Excitation(4, 5), Excitation(6, 5))}
    found = simulated_curves(films, lasers, seed=5, n_excitons=70)
    assert found.diffusivity_cm2_s.dims == found.std_err.dims == ("film", "laser")
    assert found.diffusivity_cm2_s.values.tolist() == [[1] * 3, [2] * 3]
    assert found.std_err.values.tolist() == [[3, 4, 6]] * 2
    assert found.diffusivity_cm2_s.units == found.std_err.units == "cm2/s"
    assert found.series.values.tolist() == ["one", "other", "other"]
    assert found.rep_rate_MHz.values.tolist() == [2.5, 5, 5]
    assert found.time_between_excitations_us.values.tolist() == [
        one.time_between_excitations_us for several in lasers.values() for one in several
    ]


def test_brighter_light_makes_a_film_that_remembers_faster():
    """Of two points of one film the one at higher power has the higher D, beyond errors."""
    lasers = {"power": (Excitation(1, 2.5), Excitation(25, 2.5))}
    film = {"OLA/OA": EXPLORED["OLA/OA"]}
    curves = simulated_curves(film, lasers, seed=1, n_excitons=1500)
    weak, strong = curves.diffusivity_cm2_s.values[0]
    assert strong - weak > 5 * np.hypot(*curves.std_err.values[0])


def test_lasers_are_what_they_are_called():
    """Power and rate stand in every name."""
    for name, one in LASERS.items():
        assert re.search(rf"\b{one.power_nW:g} nW .*\b{one.rep_rate_MHz:g} MHz$", name)


def test_page_is_told_what_the_package_would_run(stored):
    """Films and lasers come back whole out of what the page is told, and fit its lattice."""
    told = json.loads(json.dumps(settings(stored)))
    films = {name: ExcitonModel(**one) for name, one in told["films"].items()}
    lasers = [Excitation(**one) for one in told["lasers"].values()]
    assert lasers == list(LASERS.values())
    for film, one in ((film, one) for film in films.values() for one in lasers):
        pulses = pulse_train(one, n_pulses=1, lattice_spacing_nm=film.lattice_spacing_nm)
        assert isinstance(pulses, PulseTrain)
        check_spot_fits(film, pulses)
    assert {name: replace(one, lattice_size=1000) for name, one in films.items()} == EXPLORED
    smaller = replace(films["OLA/OA"], lattice_size=explorer.LATTICE_SIZE - 2)
    with pytest.raises(ValueError, match="too small"):
        check_spot_fits(smaller, pulse_train(lasers[0], n_pulses=1))
    optics = {name: getattr(lasers[0], name) for name in told["optics"]}
    assert told["optics"] == optics
    assert {*optics} == {"throughput", "absorption_cross_section_cm2", "photon_energy_J"}
    keys = [[*seed_sequence(9, "train", k).spawn_key] for k in range(4)]
    assert told["spawn_keys"] == keys


def test_page_draws_the_curves_of_the_file(stored):
    """Each film has each series, point by point, to the digits that can be seen."""
    drawn = {(one["film"], one["series"]): one["points"] for one in settings(stored)["curves"]}
    assert drawn.keys() == {(film, series) for film in EXPLORED for series in SERIES}
    for (film, series), points in drawn.items():
        curve = stored.sel(film=film).isel(laser=stored.series.values == series)
        columns = {
            "power_nW": curve.power_nW,
            "rep_rate_MHz": curve.rep_rate_MHz,
            "time_between_excitations_us": curve.time_between_excitations_us,
            "D": curve.diffusivity_cm2_s,
        }
        for k, one in enumerate(points):
            assert one == {
                name: float(f"{float(column[k]):.4g}") for name, column in columns.items()
            }
        assert len(points) == len(SERIES[series])
