"""Tests of tptools.fitting.shapes against sums and integrals by other means."""

import numpy as np
import pytest
from scipy.integrate import quad

from tptools.fitting.response import Response
from tptools.fitting.shapes import exponential, power_law

EDGES = np.array([[-0.3, 0.1], [0.1, 0.7], [0.7, 4.0], [4.0, 9.5]])
LATE = EDGES[1:] + 0.5
RESPONSE = Response(np.array([-0.1, 0.0, 0.25]), np.array([0.2, 0.5, 0.3]))
PERIOD_NS = 10.0


def integrated(light, edges, response):
    """Integral over bins of light seen through a response, and by the jumps of the light."""

    def one(lower, upper, delay):
        jumps = [0.0] if lower - delay < 0 < upper - delay else None
        return quad(light, lower - delay, upper - delay, points=jumps, limit=200)[0]

    shares = list(zip(response.delay_ns, response.share, strict=True))
    return [sum(share * one(*ends, delay) for delay, share in shares) for ends in edges]


@pytest.mark.parametrize("lifetime_ns", [0.05, 2.0, 300.0])
def test_exponential_through_a_response_is_the_integral(lifetime_ns):
    """Light starts with the pulse, and comes late by the response."""

    def light(t):
        return np.exp(-t / lifetime_ns) if t > 0 else 0.0

    found = exponential(EDGES, lifetime_ns, RESPONSE, None)
    np.testing.assert_allclose(found, integrated(light, EDGES, RESPONSE), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("lifetime_ns", [2.0, 40.0])
def test_exponential_after_many_pulses_is_their_sum(lifetime_ns):
    """Within a period it is the light of hundreds of pulses, one by one."""

    def light(t):
        ages = t + PERIOD_NS * np.arange(-1, 400)
        return np.exp(-ages[ages > 0] / lifetime_ns).sum()

    found = exponential(EDGES, lifetime_ns, RESPONSE, PERIOD_NS)
    np.testing.assert_allclose(found, integrated(light, EDGES, RESPONSE), rtol=1e-6)


def test_exponential_without_a_response_is_an_ideal_one_after_the_pulse():
    """After the pulse both ways to integrate agree, with and without a period."""
    ideal = Response(np.zeros(1), np.ones(1))
    for period_ns in (None, PERIOD_NS):
        plain = exponential(EDGES[1:], 2.0, None, period_ns)
        np.testing.assert_allclose(plain, exponential(EDGES[1:], 2.0, ideal, period_ns))


@pytest.mark.parametrize("response", [None, RESPONSE])
@pytest.mark.parametrize("periods", [-3, 1, 5])
def test_exponential_repeats_with_the_period(response, periods):
    """Bins that are whole periods earlier or later hold the same light."""
    found = exponential(EDGES + periods * PERIOD_NS, 2.0, response, PERIOD_NS)
    np.testing.assert_allclose(found, exponential(EDGES, 2.0, response, PERIOD_NS))


@pytest.mark.parametrize("exponent", [0.0, 1.0, 1.6, 40.0])
def test_power_law_is_the_integral(exponent):
    """Also where the exponent is 1 and the integral a logarithm."""
    found = power_law(LATE, exponent, 0.6, RESPONSE, None)
    known = integrated(lambda t: (t / 0.6) ** -exponent, LATE, RESPONSE)
    np.testing.assert_allclose(found, known, rtol=1e-6)


@pytest.mark.parametrize("response", [Response(np.zeros(1), np.ones(1)), RESPONSE])
def test_power_law_after_many_pulses_is_their_sum(response):
    """Earlier pulses add what a long sum over them does, with the integral as its end."""

    def light(t):
        ages = t + PERIOD_NS * np.arange(3000)
        rest = (ages[-1] + PERIOD_NS / 2) ** -0.6 / (0.6 * PERIOD_NS)
        return float(np.sum(ages**-1.6) + rest)

    found = power_law(LATE, 1.6, 1.0, response, PERIOD_NS)
    np.testing.assert_allclose(found, integrated(light, LATE, response), rtol=1e-4)
    if response.share.size == 1:
        np.testing.assert_allclose(power_law(LATE, 1.6, 1.0, None, PERIOD_NS), found)


def test_no_power_law_reaches_to_the_pulse():
    """A bin that does has no value."""
    assert np.isnan(power_law(EDGES, 1.6, 1.0, None, None)).tolist() == [True, False, False, False]
