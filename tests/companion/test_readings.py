"""Tests of tptools.companion.readings."""

import inspect
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from tptools import kmc
from tptools.companion import datasets, readings
from tptools.companion.readings import CHOICES
from tptools.companion.recipes import CURVE_LASERS, FILM
from tptools.companion.search import LASERS
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.fitting import relaxation_curve
from tptools.instruments import ColumnScan


def test_choices_are_what_their_names_say():
    """Each departs from the usual lasers and traps in what it is called after, and no further."""
    powers = [one.power_nW for one in CURVE_LASERS]
    lasers = {name: list(one.lasers) for name, one in CHOICES.items()}
    assert [one.power_nW for one in lasers["every other power"]] == powers[1::2]
    stronger = [one.power_nW for one in lasers["no power below 2.5 nW"]]
    assert stronger == [one for one in powers if one >= 2.5]
    for ours, usual in zip(lasers["10 MHz instead of 2.5"], CURVE_LASERS, strict=True):
        assert replace(ours, rep_rate_MHz=2.5) == usual
        assert ours.rep_rate_MHz == 10
    for ours, usual in zip(lasers["spot of 250 nm"], CURVE_LASERS, strict=True):
        assert ours.spot_fwhm_nm == 250
        assert ours.excitation_density == pytest.approx(usual.excitation_density)
    for ours, usual in zip(lasers["the paper's light"], CURVE_LASERS, strict=True):
        assert ours == replace(usual, convention="paper") != usual
    others = [name for name, one in lasers.items() if one == list(CURVE_LASERS)]
    assert len(others) == 6
    assert [name for name, one in CHOICES.items() if not one.traps] == ["no traps"]
    with pytest.raises(FrozenInstanceError):
        CHOICES["no traps"].traps = True


def test_file_holds_these_choices_and_charges(monkeypatch):
    """Named alike, and simulated with the excitons that are the default."""
    monkeypatch.delenv("TPTOOLS_DATA_DIR", raising=False)
    stored = datasets.load("reading_choices")
    assert stored.choice.values.tolist() == [*CHOICES]
    assert tuple(stored.charge_us.values) == readings.CHARGE_TIMES_US
    default = inspect.signature(readings.read_by_choices).parameters["n_excitons"].default
    assert default == stored.attrs["n_excitons"]


def test_detectors_look_for_as_long_as_runs_last():
    """No light is simulated in vain, and none is missing."""
    assert readings._RECORDING.until_ns == readings._TIMER.window_end_ns


def test_choices_read_as_their_names_say(monkeypatch):
    """Slices with a free line, a background from the ends or a tall detector, or the moments."""
    asked = []

    def line(counts, **options):
        asked.append((counts, options))
        return Estimate(float(len(asked)), 0.1, "cm2/s", "slices")

    monkeypatch.setattr(readings, "line_through_slices", line)
    pulses = kmc.pulse_train(Excitation(10, 2.5), 3, burn_in_pulses=0)
    run = kmc.simulate(FILM, pulses, seed=1, n_trains=2, recording=kmc.Recording(until_ns=4))
    names = ("as in this book", "line with a free intercept", "background from the ends")
    found = [CHOICES[one].read(run) for one in (*names, "detector as tall as the image")]
    assert found == [1, 2, 3, 4]
    options = [{}, {"free_intercept": True}, {"background": "edges"}, {}]
    assert [one for _, one in asked] == [{"goodness": False, **one} for one in options]
    usual, *same, column = (counts for counts, _ in asked)
    assert all(one.equals(usual) for one in same)
    assert float(column.max()) > float(usual.max())
    assert isinstance(readings._COLUMN.scan, ColumnScan)
    assert CHOICES["second moment at 1 ns"].read(run) == kmc.diffusivity(run).value


def test_curves_are_read_by_every_choice(monkeypatch):
    """The time of each film's curve comes back, and nothing is simulated twice."""
    drawn = []

    def run(film, laser, seed, n_excitons):
        drawn.append((film, laser))
        tau_us = 6.0 if film.trap_rate_per_ps else 3.0
        return relaxation_curve(laser.disc_time_between_excitations_us, 0.01, 0.14, tau_us)

    usual = replace(CHOICES["as in this book"], read=float)
    tried = {"usual": usual, "again": usual, "no traps": replace(usual, traps=False)}
    monkeypatch.setattr(readings, "_run", run)
    monkeypatch.setattr(readings, "CHOICES", tried)
    found = readings.read_by_choices(FILM, seed=1)
    assert found.choice.values.tolist() == list(tried)
    np.testing.assert_allclose(found.tau_us, [6, 6, 3], rtol=1e-3)
    np.testing.assert_allclose(found.limit_cm2_s, 0.01, rtol=1e-3)
    shortest_us = min(one.disc_time_between_excitations_us for one in CURVE_LASERS)
    highest = [relaxation_curve(shortest_us, 0.01, 0.14, tau_us) for tau_us in (6, 6, 3)]
    np.testing.assert_allclose(found.highest_cm2_s, highest)
    assert (found.tau_us.units, found.limit_cm2_s.units) == ("us", "cm2/s")
    assert found.highest_cm2_s.units == "cm2/s"
    assert len(drawn) == len(set(drawn)) == 2 * len(CURVE_LASERS)


def test_a_curve_lies_at_the_times_of_its_lasers():
    """Those of the disc, in the order in which they were read."""
    curve = readings._curve(LASERS, range(len(LASERS))).diffusivity_cm2_s
    at = curve.disc_time_between_excitations_us
    assert curve.dims == at.dims == ("laser",)
    assert at.values.tolist() == [one.disc_time_between_excitations_us for one in LASERS]


def test_charge_lives_as_long_as_it_says(monkeypatch):
    """A row for each life of the charge, a column for each laser, on a film that light charges."""
    asked = []
    monkeypatch.setattr(
        kmc,
        "film_diffusivity",
        lambda film, laser, **options: (
            asked.append(options) or Estimate(film.relaxation_time_us, laser.power_nW, "cm2/s", "x")
        ),
    )
    found = readings.charged_curves(seed=1)
    assert all(one == {"seed": 1, "n_excitons": 2500, "n_trains": 2} for one in asked)
    assert readings.CHARGED.modified_by == "excitation"
    assert found.charged_cm2_s.dims == ("charge_us", "laser")
    for time_us in found.charge_us.values:
        assert (found.charged_cm2_s.sel(charge_us=time_us) == time_us).all()
    powers = [one.power_nW for one in LASERS]
    assert (found.charged_err_cm2_s == powers).all()
    assert found.charged_cm2_s.units == found.charged_err_cm2_s.units == "cm2/s"


def test_stream_of_a_laser_is_its_own(monkeypatch):
    """Excitons are shared among the trains, and each laser draws from a stream of its own."""
    asked = []
    monkeypatch.setattr(kmc, "simulate", lambda *what, **options: asked.append((what, options)))
    lasers = Excitation(1, 2.5), Excitation(10, 2.5)
    for laser in lasers:
        readings._run(FILM, laser, 1, 600)
    assert len({options["seed"] for _, options in asked}) == 2
    for laser, ((film, pulses), options) in zip(lasers, asked, strict=True):
        alone = kmc.pulse_train(laser, n_excitons=600).n_pulses
        assert 0 <= options["n_trains"] * pulses.n_pulses - alone < options["n_trains"]
        assert film == FILM
