"""Tests of tptools.inference.information."""

import math

import numpy as np
import pytest
from scipy import stats

from tptools.fitting import cramer_rao_bound
from tptools.inference import (
    expected_information,
    information,
    photon_error_cm2_s,
    photons_needed,
)
from tptools.instruments import Microscope, Scan


def exact_information(distance: float) -> float:
    """Information in bits of a unit Gaussian about which of two equal means it has."""
    y = np.linspace(-distance - 9, distance + 9, 20_001)
    density = np.exp(-((y - distance / 2) ** 2) / 2) / math.sqrt(2 * math.pi)
    return 1 - np.trapezoid(density * np.log2(1 + np.exp(-distance * y)), y)


@pytest.mark.parametrize(("distance", "seed"), [(0.5, 1), (1.5, 2), (3.0, 3)])
def test_gaussian_classes_have_the_information_of_the_closed_form(distance, seed):
    """Two classes of films with Gaussian spreads are told apart as well as theory says."""
    noise = np.random.default_rng(seed)
    classes = np.repeat([0, 1], 100)
    films = noise.normal(distance * classes, 0.8)[:, None]
    found = expected_information(films, [0.6], classes, seed=seed, n_draws=5)
    assert abs(found.value - exact_information(distance)) < 0.04 + 3 * found.std_err
    assert found.value < exact_information(distance) + 3 * found.std_err


def test_three_classes_far_apart_give_their_entropy():
    """A measurement that tells every class from every other leaves nothing to know."""
    classes = np.repeat(["a", "b", "c"], [10, 10, 20])
    films = np.repeat([[0.0, 5.0], [1.0, 9.0], [7.0, 2.0]], [10, 10, 20], axis=0)
    found = expected_information(films, [0.01, 0.01], classes, seed=1)
    assert found.value == pytest.approx(1.5, abs=0.02)


def test_labels_without_meaning_are_not_learnt():
    """Films that are labelled by chance give no information, though each is one of a kind."""
    noise = np.random.default_rng(3)
    films, classes = noise.normal(size=(80, 5)), np.arange(80) % 2
    found = expected_information(films, np.full(5, 1e-3), classes, seed=1)
    assert found.value < 0.06


def test_units_do_not_matter():
    """Outcomes and errors in other units, one for each shot, carry the same information."""
    noise = np.random.default_rng(4)
    classes = np.repeat([0, 1], 40)
    films = noise.normal(classes[:, None] * [1.0, 2.0], 0.5)
    error, scale = np.array([0.3, 0.4]), np.array([1e-3, 50.0])
    one = expected_information(films, error, classes, seed=1)
    other = expected_information(films * scale, error * scale, classes, seed=1)
    assert one.value == pytest.approx(other.value, abs=1e-6)


def test_noise_takes_information_away():
    """Ten times the noise tells less."""
    noise = np.random.default_rng(5)
    classes = np.repeat([0, 1], 50)
    films = noise.normal(classes[:, None], 0.2)
    sharp, dull = (expected_information(films, [e], classes, seed=1) for e in (0.2, 2.0))
    assert dull.value < sharp.value - 0.3


@pytest.mark.parametrize(
    ("outcomes", "std_err", "classes", "said"),
    [
        (np.zeros((3, 1)), [1.0], [0, 0, 1], "single film"),
        (np.zeros((4, 2)), [1.0], [0, 0, 1, 1], "shape"),
        (np.zeros((4, 1)), [1.0], [0, 0, 1], "shape"),
        (np.zeros(4), 1.0, [0, 0, 1, 1], "shape"),
        (np.zeros((4, 1)), [0.0], [0, 0, 1, 1], "above 0"),
        (np.full((4, 1), np.nan), [1.0], [0, 0, 1, 1], "finite"),
    ],
)
def test_outcomes_without_information_are_refused(outcomes, std_err, classes, said):
    """What cannot be compared is refused with the reason."""
    with pytest.raises(ValueError, match=said):
        expected_information(outcomes, std_err, classes, seed=1)


def test_photons_needed_bring_the_wanted_distance():
    """With as many photons as needed, the errors are such that the films are z of them apart."""
    first, second, error = [0.01, 0.05], [0.02, 0.04], np.array([0.01, 0.03])
    needed = photons_needed(first, second, error, 1e5, z=4.0)
    smaller = error * math.sqrt(1e5 / needed)
    apart = math.hypot(*((np.array(first) - second) / smaller))
    assert apart == pytest.approx(4.0)
    assert photons_needed(first, first, error, 1e5) == math.inf


def test_error_falls_with_photons_and_grows_with_the_spot():
    """Errors fall as the root of the photons; a wider spot and a background cost precision."""
    usual = photon_error_cm2_s(0.03, 2e5)
    told = {"spot_fwhm_nm": 500, "lifetime_ns": 2.3, "background_share": 0.1}
    assert photon_error_cm2_s(0.03, 2e5, **told) == usual
    assert photon_error_cm2_s(0.03, 8e5) == pytest.approx(usual / 2)
    assert photon_error_cm2_s(0.03, 2e5, spot_fwhm_nm=250) < usual
    assert photon_error_cm2_s(0.03, 2e5, background_share=1.0) > usual


def test_error_without_background_is_that_of_a_line_through_slices():
    """Each has a variance v known to v sqrt(2/N), of the image of the spot, that grows by 2 D t."""
    time_ns = np.arange(0, 3, 0.05)
    n = 2e5 * np.exp(-time_ns / 2) / np.exp(-time_ns / 2).sum()
    image_nm = Microscope().image_fwhm_nm(250.0) / math.sqrt(8 * math.log(2))
    weight = n / (2 * (image_nm**2 + 2 * 0.03e5 * time_ns) ** 2)
    middle = np.average(time_ns, weights=weight)
    line = 0.5e-5 / math.sqrt(weight @ (time_ns - middle) ** 2)
    found = photon_error_cm2_s(0.03, 2e5, lifetime_ns=2.0, spot_fwhm_nm=250.0, background_share=0.0)
    assert found == pytest.approx(line, rel=0.05)


@pytest.mark.parametrize(("spot_fwhm_nm", "lifetime_ns", "share"), [(250, 2.0, 0.0), (500, 1.0, 2)])
def test_error_is_the_bound_of_a_scan(spot_fwhm_nm, lifetime_ns, share):
    """Of all photons of the first 3 ns in bins of 50 ps, and their share spread evenly below."""
    time_ns, position_nm = 0.05 * np.arange(60), Scan().positions_nm
    bins = np.exp(-time_ns / lifetime_ns)
    sigma_nm = Microscope().image_fwhm_nm(spot_fwhm_nm) / math.sqrt(8 * math.log(2))
    expected = cramer_rao_bound(
        time_ns,
        position_nm,
        1e5 * bins / bins.sum(),
        diffusivity_cm2_s=0.05,
        variance_nm2=sigma_nm**2,
        background=1e5 * share / 60 / len(position_nm),
    )
    found = photon_error_cm2_s(
        0.05, 1e5, spot_fwhm_nm=spot_fwhm_nm, lifetime_ns=lifetime_ns, background_share=share
    )
    assert found == pytest.approx(expected, rel=1e-9)


def test_share_of_the_right_class_is_that_of_sums_over_films():
    """Of the kernels of all other films; alone, it is the share of its class, and never nothing."""
    values = np.array([[0.0, 1.0], [0.3, 0.5], [0.8, 1.4], [0.2, 1.1], [90.0, 0.0], [0.21, 1.1],
                       [30.0, 30.0], [30.1, 30.0]])  # fmt: skip
    labels = np.array([0, 0, 1, 1, 0, 2, 2, 2])
    covariance = np.array([[0.04, 0.01], [0.01, 0.09]])
    seen = values + np.random.default_rng(1).normal(0, 0.1, (3, 8, 2))
    kernel = stats.multivariate_normal(cov=covariance).pdf(seen[:, :, None] - values)
    expected = []
    for film, label in enumerate(labels):
        others = np.arange(8) != film
        right = kernel[:, film, others & (labels == label)].sum(-1)
        everyone = kernel[:, film, others].sum(-1)
        share = np.full(3, 2 / 7) if film == 4 else right / everyone
        expected.append(np.log2(np.maximum(share, 1e-3)).mean())
    found = information._log2_right(seen, values, covariance, labels)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert found[5] == pytest.approx(math.log2(1e-3))


def test_the_best_bandwidth_counts_and_its_error_is_that_of_a_mean(monkeypatch):
    """Kernels have the covariance of the noise and from a little to a lot of that of the films."""
    noise, asked = np.array([0.5, 2.0]), []
    values = np.random.default_rng(1).normal(size=(40, 2)) @ [[1.0, 0.4], [0.0, 3.0]]
    gains = np.random.default_rng(2).normal(size=40)

    def share(seen, centres, covariance, labels):
        asked.append(covariance - np.diag(noise**2))
        np.testing.assert_array_equal(centres, values)
        assert seen.shape == (20, *values.shape)
        np.testing.assert_allclose((seen - values).std((0, 1)), noise, rtol=0.1)
        return gains - abs(len(asked) - 9)

    monkeypatch.setattr(information, "_log2_right", share)
    found = expected_information(values, noise, np.arange(40) % 4, seed=1)
    assert found.value == pytest.approx(2 + gains.mean())
    assert found.std_err == pytest.approx(stats.sem(gains))
    assert found.unit == "bit"
    widths = [math.sqrt(one[0, 0] / np.cov(values.T)[0, 0]) for one in asked]
    for one, width in zip(asked, widths, strict=True):
        np.testing.assert_allclose(one, width**2 * np.cov(values.T), rtol=1e-9)
    np.testing.assert_allclose(np.diff(np.log(widths)), math.log(1000 / 3) / 13)
    assert widths[-1] == pytest.approx(10)


def test_draws_have_a_least_and_a_most():
    """One is enough for a number; ten thousand are too many."""
    films, classes = np.arange(4.0)[:, None], [0, 0, 1, 1]
    assert expected_information(films, [0.1], classes, seed=1, n_draws=1).std_err > 0
    for wrong in (0, 10_000):
        with pytest.raises(ValueError, match=f"n_draws = {wrong}"):
            expected_information(films, [0.1], classes, seed=1, n_draws=wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"first": [1.0]}, "first has shape"),
        ({"second": [1.0]}, "first has shape"),
        ({"std_err": [1.0]}, "first has shape"),
        ({"std_err": [1.0, 0.0]}, "std_err must be above 0"),
        ({"photons": 0.0}, "photons"),
        ({"z": 0.0}, "z"),
    ],
)
def test_films_that_cannot_be_told_apart_are_refused(wrong, said):
    """Each number by its name; shots are those of both films."""
    given = {"first": [1.0, 2.0], "second": [1.5, 2.0], "std_err": [0.1, 2.0], "photons": 1e5}
    with pytest.raises(ValueError, match=f"^{said}"):
        photons_needed(**given | wrong)
