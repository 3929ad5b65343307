"""Tests of tptools.inference.information."""

import math

import numpy as np
import pytest

from tptools.inference import expected_information, photon_error_cm2_s, photons_needed
from tptools.instruments import Microscope


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
