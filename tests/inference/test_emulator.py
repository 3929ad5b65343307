"""Tests of tptools.inference.emulator."""

import numpy as np
import pandas as pd
import pytest

from tptools.inference import Emulator, LogUniform, Prior, Uniform
from tptools.inference.emulator import _process

RATES, TIMES = LogUniform(0.01, 1.0), LogUniform(0.1, 10.0)
PRIOR = Prior({"rate": RATES, "time": TIMES, "tilt": Uniform(-0.5, 0.5)})
NOISE = 0.02


def simulated(films, noise=0.0):
    """Five outputs that follow from a film by a law of two components."""
    level = films.rate * films.time / (1 + films.rate * films.time)
    powers = np.linspace(0, 1, 5)
    outputs = 0.01 + np.outer(level, np.exp(-powers)) * (1 + np.outer(films.tilt, powers))
    random = np.random.default_rng(3)
    return outputs * np.exp(noise * random.standard_normal(outputs.shape))


@pytest.fixture(scope="module")
def emulator():
    """Learned from eighty noisy films."""
    films = PRIOR.design(80, seed=1)
    return Emulator.fit(films, simulated(films, NOISE), linear_below=1e-3, n_components=3)


def test_other_films_are_predicted_better_than_one_is_simulated(emulator):
    """Smoothness averages the noise of films that were simulated."""
    films = PRIOR.design(64, seed=2)
    miss = np.log(emulator.predict(films) / simulated(films))
    assert np.sqrt(np.mean(miss**2)) < NOISE


def test_cross_validated_error_holds_the_noise(emulator):
    """Films that are left out are missed by their own noise and a little more."""
    assert (emulator.cross_validated > 0.6 * NOISE).all()
    assert (emulator.cross_validated < 2 * NOISE).all()


def test_left_out_is_a_process_without_that_film(emulator):
    """The formula for leaving one out gives what a process that never saw it predicts."""
    from sklearn.base import clone

    from tptools.inference.emulator import _left_out

    process = emulator.processes[0]
    others = np.arange(len(process.X_train_)) != 7
    scores = process.y_train_ * process._y_train_std + process._y_train_mean
    alone = clone(process).set_params(kernel=process.kernel_, optimizer=None, normalize_y=False)
    centred = scores - process._y_train_mean
    alone.set_params(kernel=process.kernel_)
    alone.fit(process.X_train_[others], centred[others] / process._y_train_std)
    expected = alone.predict(process.X_train_[7:8]) * process._y_train_std + process._y_train_mean
    assert _left_out(process)[7] == pytest.approx(expected[0], rel=1e-6, abs=1e-8)


def test_draws_scatter_as_predictions_miss(emulator):
    """The emulator knows how well it knows: misses over its own errors are of order one."""
    films = PRIOR.design(64, seed=4)
    logs = np.log(emulator.draws(films, 50, seed=1))
    miss = np.log(simulated(films)) - logs.mean(axis=0)
    assert 0.4 < np.sqrt(np.mean((miss / logs.std(axis=0)) ** 2)) < 2.5
    np.testing.assert_array_equal(
        emulator.draws(films, 2, seed=1), emulator.draws(films, 2, seed=1)
    )


def test_columns_count_by_name(emulator):
    """The order of columns does not matter, others are ignored, and one that lacks is named."""
    films = PRIOR.design(4, seed=5)
    mixed = films[["tilt", "time", "rate"]].assign(other=1.0)
    np.testing.assert_array_equal(emulator.predict(mixed), emulator.predict(films))
    with pytest.raises(ValueError, match="tilt"):
        emulator.predict(films.drop(columns="tilt"))


def test_noise_of_some_outputs_does_not_spoil_the_rest():
    """Two components are found beside as many outputs that are noise alone, and far larger."""
    films, others = PRIOR.design(80, seed=1), PRIOR.design(64, seed=2)
    noise = np.exp(np.random.default_rng(5).standard_normal((80, 2)))
    outputs = np.hstack([simulated(films, NOISE), noise])
    learned = Emulator.fit(films, outputs, linear_below=1e-3, n_components=2)
    miss = np.log(learned.predict(others)[:, :5] / simulated(others))
    assert np.sqrt(np.mean(miss**2)) < 1.5 * NOISE


def test_outputs_below_zero_are_learned():
    """Where noise makes small outputs negative, their mean is still found."""
    films = PRIOR.design(80, seed=1)
    noisy = 1e-3 * np.random.default_rng(1).standard_normal((80, 2))
    found = Emulator.fit(films, noisy, linear_below=2e-3, n_components=1).predict(films)
    assert np.abs(found.mean(axis=0)).max() < 4 * 1e-3 / np.sqrt(80)
    assert found.std() < 0.8 * noisy.std()


def test_a_parameter_without_influence_gets_a_long_length():
    """What does nothing does not spoil the rest."""
    points = np.random.default_rng(1).uniform(size=(60, 2))
    lengths = _process(points, np.sin(3 * points[:, 0])).kernel_.k1.k2.length_scale
    assert lengths[1] > 5 * lengths[0]


@pytest.mark.parametrize("outputs", [np.ones((9, 2)), np.ones(80), np.full((80, 2), np.nan)])
def test_what_cannot_be_learned_is_refused(outputs):
    """Rows that are not those of the films, and outputs that are no numbers."""
    with pytest.raises(ValueError, match="outputs"):
        Emulator.fit(PRIOR.design(80, seed=1), outputs, linear_below=1e-3)
    with pytest.raises(TypeError, match="films"):
        Emulator.fit([1, 2], outputs, linear_below=1e-3)
    assert isinstance(PRIOR.design(2, seed=1), pd.DataFrame)
