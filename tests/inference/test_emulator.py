"""Tests of tptools.inference.emulator."""

import numpy as np
import pandas as pd
import pytest

from tptools.inference import Emulator, LogUniform, Prior, Uniform
from tptools.inference import emulator as module
from tptools.inference.emulator import _left_out, _noise_variance, _own_noise, _process, _Scale

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
    with pytest.raises(ValueError, match=r"^outputs"):
        Emulator.fit(PRIOR.design(80, seed=1), outputs, linear_below=1e-3)
    with pytest.raises(TypeError, match=r"^films"):
        Emulator.fit([1, 2], outputs, linear_below=1e-3)
    assert isinstance(PRIOR.design(2, seed=1), pd.DataFrame)


def test_parameters_that_vary_much_count_by_their_logarithm():
    """Positive ones that more than double; all span a unit, and one that is constant lies at 0."""
    films = pd.DataFrame(
        {
            "wide": [0.1, 0.2, 0.4],
            "double": [4.0, 6.0, 8.0],
            "from zero": [0.0, 1.0, 4.0],
            "signed": [-0.2, 0.1, 0.2],
            "fixed": [5.0, 5.0, 5.0],
        }
    )
    scale = _Scale.of(films)
    expected = [[0, 0.5, 1], [0, 0.5, 1], [0, 0.25, 1], [0, 0.75, 1], [0, 0, 0]]
    np.testing.assert_allclose(scale(films).T, expected, atol=1e-12)
    assert scale.logged.tolist() == [True, False, False, False, False]
    assert scale(films.assign(fixed=8.0))[0, -1] == 3  # in its own unit


def test_unit_of_outputs_does_not_matter():
    """What is learned from other units, and linear below as much in them, predicts the same."""
    films = PRIOR.design(24, seed=1)
    outputs, others = simulated(films, NOISE)[:, :2], PRIOR.design(4, seed=2)
    found = [
        Emulator.fit(films, unit * outputs, linear_below=unit * 1e-3, n_components=2)
        for unit in (1.0, 1e3)
    ]
    np.testing.assert_allclose(found[1].predict(others), 1e3 * found[0].predict(others), rtol=1e-6)
    np.testing.assert_allclose(found[1].cross_validated, found[0].cross_validated, rtol=1e-6)


def test_components_carry_outputs_around_their_mean(emulator):
    """A film whose scores are those it was learned from has its outputs, up to what was left out.

    Above `linear_below` the scale is that of logarithms, and far below it that of outputs over
    twice it.
    """
    films = PRIOR.design(80, seed=1)
    transformed = np.arcsinh(simulated(films, NOISE) / 2e-3)
    np.testing.assert_allclose(emulator.mean, transformed.mean(axis=0))
    assert emulator.components.shape == (3, 5)
    scores = [one.y_train_ * one._y_train_std + one._y_train_mean for one in emulator.processes]
    np.testing.assert_allclose(np.corrcoef(scores), np.eye(3), atol=1e-8)
    back = emulator._outputs(np.transpose(scores))
    np.testing.assert_allclose(back, simulated(films, NOISE), rtol=0.08)
    left_out = np.transpose([_left_out(one) for one in emulator.processes])
    miss = transformed - emulator.mean - left_out @ emulator.components
    np.testing.assert_allclose(emulator.cross_validated, miss.std(axis=0), rtol=0.02)


def test_draws_have_the_error_of_the_processes_less_the_noise(emulator):
    """Around the prediction, for each component and film on its own."""
    films = PRIOR.design(5, seed=6)
    points, logs = emulator.scale(films), np.arcsinh(emulator.draws(films, 4000, seed=1) / 2e-3)
    variance = np.zeros(logs.shape[1:])
    for one, component in zip(emulator.processes, emulator.components, strict=True):
        error = one.predict(points, return_std=True)[1]
        noise = one.kernel_.k2.noise_level * one._y_train_std**2
        assert _noise_variance(one) == pytest.approx(noise)
        variance += np.outer(error**2 - noise, component**2)
    expected = np.arcsinh(emulator.predict(films) / 2e-3)
    z = (logs.mean(axis=0) - expected) / np.sqrt(variance / 4000)
    assert abs(z).max() < 4.5
    np.testing.assert_allclose(logs.var(axis=0), variance, rtol=0.12)
    assert emulator.draws(films, 1, seed=0).shape == (1, 5, 5)


def test_noise_of_outputs_counts_up_to_a_floor():
    """It is what an output has for itself; one without any counts as a third of the middle one."""
    random = np.random.default_rng(1)
    common, own = random.normal(size=(500, 1)), random.normal(size=(500, 6))
    sizes = np.array([0.0, 0.4, 0.5, 0.6, 0.8, 1.0])
    found = _own_noise(common + sizes * own, 1)
    np.testing.assert_allclose(found[1:], sizes[1:], rtol=0.12)
    assert found[0] == pytest.approx(0.3 * np.median(found))
    np.testing.assert_array_equal(_own_noise(own, 6), np.ones(6))


def test_as_few_films_as_ten_and_as_many_components_as_outputs():
    """Nine films are refused; components are no more than there are outputs."""
    films = PRIOR.design(11, seed=1)
    few = Emulator.fit(films[:10], simulated(films[:10]), linear_below=1e-3, n_components=1)
    assert len(few.processes) == 1
    two = simulated(films)[:, :2]
    assert len(Emulator.fit(films, two, linear_below=1e-3).processes) == 2
    with pytest.raises(ValueError, match="ten films or more"):
        Emulator.fit(films[:9], simulated(films[:9]), linear_below=1e-3)
    with pytest.raises(ValueError, match="for 10 films"):
        Emulator.fit(films[:10], two, linear_below=1e-3)
    for name, wrong in {"linear_below": 0.0, "n_components": 0}.items():
        with pytest.raises(ValueError, match=f"^{name} = "):
            Emulator.fit(films, two, **{"linear_below": 1e-3, name: wrong})


def test_draws_that_do_not_fit_are_refused(emulator, monkeypatch):
    """By four arrays of all outputs of all films in all draws; n is what can be lowered."""
    said = []
    monkeypatch.setattr(module, "check_fits", lambda *given: said.append(given))
    emulator.draws(PRIOR.design(3, seed=1), 2, seed=1)
    assert said == [("n = 2 draws for 3 films", 4 * 8 * 2 * 3 * 5, "lower n")]
    with pytest.raises(ValueError, match=r"^n = 0"):
        emulator.draws(PRIOR.design(3, seed=1), 0, seed=1)
    with pytest.raises(TypeError, match=r"^films"):
        emulator.predict([1.0])
