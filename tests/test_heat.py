"""Tests of tptools.heat."""

import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants
from scipy.integrate import quad_vec
from scipy.linalg import eigh_tridiagonal
from scipy.special import erfcx, j0, jn_zeros

from tptools import material
from tptools.companion import datasets
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.heat import (
    FUSED_SILICA,
    QUARTZ_ACROSS_AXIS,
    QUARTZ_ALONG_AXIS,
    HeatedFilm,
    Substrate,
    centre_temperature,
    cooling_time,
    exact,
    explicit,
    heat_accumulation,
    stable_step_ns,
    temperature,
    temperature_step,
)

FILM = HeatedFilm(radius_um=5, thickness_nm=35, thermal_diffusivity_m2_s=1e-7)
WIDE = replace(FILM, radius_um=math.inf)
ON_QUARTZ = replace(WIDE, substrate=FUSED_SILICA)
TIMES_NS = np.geomspace(0.01, 2000, 25)

films = st.builds(
    HeatedFilm,
    radius_um=st.floats(0.3, 10),
    thickness_nm=st.floats(5, 200),
    thermal_diffusivity_m2_s=st.floats(1e-8, 1e-5),
    absorption_length_nm=st.floats(20, 1000),
)


def after(film, variances):
    """Time at which 2 D t is so many variances of the spot, in ns."""
    return 1e9 * variances * film.spot_sigma_m**2 / (2 * film.thermal_diffusivity_m2_s)


# Without a substrate: the closed form.


def test_wide_and_thick_film():
    """Far from walls and bottom, heat spreads as in a half-space: a known product."""
    film = replace(WIDE, thickness_nm=2e4)
    spread = 1e-9 * TIMES_NS * film.thermal_diffusivity_m2_s
    known = erfcx(np.sqrt(spread) / (1e-9 * film.absorption_length_nm))
    known = known / (1 + 2 * spread / film.spot_sigma_m**2)
    np.testing.assert_allclose(centre_temperature(film, TIMES_NS), known, atol=1e-6)


@pytest.mark.parametrize("radius_um", [0.25, 0.6, 1.0])
def test_wall_that_cuts_the_spot(radius_um):
    """Even where the wall cuts the Gaussian, the series is right to 1e-6."""
    film = HeatedFilm(radius_um, 35, 1e-7)
    times_ns = [0.01, 1, 30, 1000]
    found = centre_temperature(film, times_ns) / axial_part(film, times_ns)
    np.testing.assert_allclose(found, radial_by_matrix(film, times_ns), atol=1e-6)


def axial_part(film, times_ns):
    """Axial factor at the top: no heat goes sideways under a very wide spot."""
    return centre_temperature(replace(film, radius_um=math.inf, spot_fwhm_nm=1e9), times_ns)


def radial_by_matrix(film, times_ns):
    """Radial factor at the axis by exponentials of a matrix, extrapolated to fine grids."""
    by_cells = {n: _matrix_exponential(film, times_ns, n) for n in (800, 1600)}
    return (4 * by_cells[1600] - by_cells[800]) / 3


def _matrix_exponential(film, times_ns, n):
    edges = np.concatenate([[0], np.arange(n) + 0.5, [n]])
    volumes = np.diff(edges**2) / 2
    walls = edges[1:-1]
    gains = -np.concatenate([[0], walls]) - np.concatenate([walls, [0]])
    rates, modes = eigh_tridiagonal(gains / volumes, walls / np.sqrt(volumes[:-1] * volumes[1:]))
    r_um = film.radius_um * np.arange(n + 1) / n
    start = np.exp(-((1e-6 * r_um / film.spot_sigma_m) ** 2) / 2) * np.sqrt(volumes)
    scale = film.thermal_diffusivity_m2_s / (1e-6 * film.radius_um / n) ** 2
    decays = np.exp(1e-9 * scale * np.outer(times_ns, rates))
    return decays @ (modes[0] * (modes.T @ start)) / np.sqrt(volumes[0])


@pytest.mark.parametrize("radius", [0.5, 2.0, 5.0])
def test_shares_of_the_modes_are_integrals_over_the_cut_spot(radius):
    """By panels, and of high order by parts, they are those of adaptive integration."""
    zeros = np.concatenate([[0.0], jn_zeros(1, 200)])[::20]

    def integral(zero):
        spot = quad_vec(lambda x: x * math.exp(-((radius * x) ** 2) / 2) * j0(zero * x), 0, 1)
        return spot[0]

    known = np.array([integral(zero) for zero in zeros])
    np.testing.assert_allclose(exact._overlap(zeros, radius), known, atol=1e-12)
    high = zeros >= 10 * (1 + radius**2)
    assert high.any()
    by_parts = exact._overlap_at_high_order(zeros[high], radius)
    np.testing.assert_allclose(by_parts, known[high], atol=1e-10, rtol=1e-5)
    shares = exact._bessel_coefficients(zeros, radius)
    np.testing.assert_allclose(shares, 2 * known / j0(zeros) ** 2, rtol=1e-5)


@pytest.mark.parametrize("radius_um", [0.3, 1.0, 5.0])
def test_modes_are_as_many_as_weigh(radius_um):
    """Those of which a hundredth of the error is left at the first time, and four more at most."""
    film = HeatedFilm(radius_um, 35, 1e-7)
    times_s, least = np.array([0, 1e-7, 1e-5]), 0.01 * 1e-6
    sigma, radius = film.spot_sigma_m, 1e-6 * radius_um
    waves = np.concatenate([[0.0], jn_zeros(1, 500)]) / radius
    slope = (radius / sigma) ** 2 * math.exp(-((radius / sigma) ** 2) / 2)
    left = np.exp(-1e-14 * waves**2)
    weigh = np.maximum(np.exp(-((waves * sigma) ** 2) / 2), slope) * left > least
    found = exact._radial_wave_numbers(film, times_s, 1e-6)
    assert weigh.sum() <= found.size <= weigh.sum() + 4
    np.testing.assert_array_equal(found, waves[: found.size])
    across = np.exp(-1e-14 * (np.arange(99) * math.pi / 35e-9) ** 2) > least
    assert across.sum() <= exact._axial_modes(film, times_s, 1e-6) <= across.sum() + 3


def test_shares_of_the_modes_are_those_of_a_whole_spot_where_no_wall_cuts_it():
    """Just within and just beyond the radius from which the wall counts for nothing."""
    zeros = np.concatenate([[0.0], jn_zeros(1, 10)])
    for radius in (8.99, 9.01):
        known = np.exp(-((zeros / radius) ** 2) / 2) / radius**2 * 2 / j0(zeros) ** 2
        np.testing.assert_allclose(exact._bessel_coefficients(zeros, radius), known, rtol=1e-9)


@settings(deadline=None, max_examples=30)
@given(film=films, time_ns=st.floats(1e-3, 1e4))
def test_number_of_modes_suffices(film, time_ns):
    """Asking for 1e-6 gives 1e-6, as a sum for 1e-9 shows, at the centre and everywhere."""
    rough = temperature(film, time_ns, cells=(8, 8))
    fine = temperature(film, time_ns, cells=(8, 8), accuracy=1e-9)
    np.testing.assert_allclose(rough, fine, atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(film=films)
def test_heat_ends_evenly_spread(film):
    """Long after, the temperature is the mean of the start everywhere, and the same in z before."""
    late = temperature(film, 1e9 * 3 * (1e-6 * film.radius_um) ** 2 / film.thermal_diffusivity_m2_s)
    np.testing.assert_allclose(late, film.final_temperature, atol=1e-6)
    through = 1e9 * 2 * (1e-9 * film.thickness_nm) ** 2 / film.thermal_diffusivity_m2_s
    over_z = temperature(film, through)
    assert float((over_z.max("z_nm") - over_z.min("z_nm")).max()) < 1e-6


def test_start_is_the_profile_of_the_light():
    """At the pulse the field is the Gaussian times Beer's law, for all films."""
    for film in (FILM, WIDE, ON_QUARTZ):
        start = temperature(film, 0)
        spot = 2.0 ** (-((2e3 * start.r_um / film.spot_fwhm_nm) ** 2))
        expected = spot * np.exp(-start.z_nm / film.absorption_length_nm)
        xr.testing.assert_allclose(start, expected.transpose(*start.dims), atol=1e-12)


def test_fields_say_what_they_are():
    """Every field, and each of its axes, has a name for people and a unit."""
    for field in (
        temperature(FILM, [0, 1]),
        centre_temperature(ON_QUARTZ, [0, 1]),
        heat_accumulation(FILM, 400, 2).drop_vars("pulse"),
    ):
        for one in (field, *field.coords.values()):
            assert one.attrs["long_name"]
            assert one.attrs["units"] in ("1", "ns", "µm", "nm")


def test_centre_is_a_node_of_the_field():
    """The two public functions say the same at the centre, by each method."""
    for film, method in ((FILM, "exact"), (FILM, "explicit"), (ON_QUARTZ, "exact")):
        grid = {"cells": (60, 10)} if method == "explicit" else {}
        field = temperature(film, [0, 5, 50], method, cells=(60, 10))
        centre = centre_temperature(film, [0, 5, 50], method, **grid)
        np.testing.assert_allclose(field.sel(r_um=0, z_nm=0), centre, atol=1e-9)


# Without a substrate: explicit finite differences.


@pytest.mark.parametrize("axis", [0, 1])
def test_explicit_differences_are_of_second_order(axis):
    """Halving the step along r or z takes the error down by four, the step in time being fixed."""
    film = HeatedFilm(1.5, 200, 1e-7, absorption_length_nm=100)
    grids = [(n, 8) if axis == 0 else (8, n) for n in (16, 32, 64, 128)]
    step_ns = stable_step_ns(film, grids[-1]) / 2
    time_ns = after(film, 0.5)
    by_grid = [
        float(
            centre_temperature(
                film, time_ns / (1 if axis == 0 else 5), "explicit", cells=cells, step_ns=step_ns
            )
        )
        for cells in grids
    ]
    changes = np.abs(np.diff(by_grid))
    np.testing.assert_allclose(np.log2(changes[:-1] / changes[1:]), 2, atol=0.15)


@pytest.mark.parametrize("cells", [(2, 2), (5, 3)])
def test_explicit_differences_reach_all_walls(cells):
    """In the end every node, the outermost included, is as warm as the mean of the start."""
    small = HeatedFilm(0.3, 20, 1e-7, absorption_length_nm=30)
    field = temperature(small, [0, 4000], "explicit", cells=cells)
    late = field.isel(time_ns=1)
    np.testing.assert_allclose(late, float(mean_over_volume(field)[0]), rtol=1e-9)


def test_explicit_steps_are_half_the_stable_one():
    """Unless they are given, and at most the stable one itself."""
    cells, given = (20, 4), {}
    longest = stable_step_ns(FILM, cells)
    for step_ns in (None, longest / 2, longest / 3, longest):
        given[step_ns] = temperature(FILM, [5], "explicit", cells=cells, step_ns=step_ns)
    xr.testing.assert_identical(given[None], given[longest / 2])
    assert not given[None].equals(given[longest / 3])
    assert not given[None].equals(given[longest])


def test_explicit_differences_have_a_grid_of_their_own():
    """Of 200 x 20 cells, for the whole field as for its centre."""
    field = temperature(FILM, [0.05], "explicit")
    assert field.shape == (1, 201, 21)
    centre = centre_temperature(FILM, [0.05], "explicit")
    np.testing.assert_array_equal(field[:, 0, 0], centre)


def test_a_grid_has_so_many_cells_and_no_more():
    """Two pairs of walls at least, fewer than a hundred thousand along each."""
    assert explicit.check_cells([2, 99_999]) == (2, 99_999)
    for cells, name in (((100_000, 2), r"\[0\] = 100000"), ((2, 1), r"\[1\] = 1")):
        with pytest.raises(ValueError, match=rf"^cells{name} must be an integer of at least 2 and"):
            explicit.check_cells(cells)
    with pytest.raises(TypeError, match=r"^cells is of type int .*; give \(200, 20\)"):
        explicit.check_cells(5)


@pytest.mark.parametrize("cells", [(50, 5), (100, 10), (200, 20)])
def test_explicit_differences_agree_everywhere(cells):
    """Against the closed form the whole field errs by 1e-3 on 200 x 20 cells, times 4 on half."""
    times_ns = [1, 10, 100, 1000]
    error = np.abs(
        temperature(FILM, times_ns, "explicit", cells=cells)
        - temperature(FILM, times_ns, cells=cells)
    )
    assert float(error.max()) < 1e-3 * (200 / cells[0]) ** 2


@settings(deadline=None, max_examples=10)
@given(film=films)
def test_explicit_differences_keep_the_heat(film):
    """The mean over the volume stays as it was, to rounding."""
    cells = (12, 6)
    times_ns = stable_step_ns(film, cells) * np.array([0, 1, 30, 2000])
    mean = mean_over_volume(temperature(film, times_ns, "explicit", cells=cells))
    np.testing.assert_allclose(mean / mean[0], 1, atol=1e-12)


def mean_over_volume(field):
    """Each node stands for the ring that reaches half a step to all sides."""
    r_um, z_nm = field.r_um.to_numpy(), field.z_nm.to_numpy()
    edges = np.concatenate([r_um[:1], (r_um[1:] + r_um[:-1]) / 2, r_um[-1:]])
    heights = np.full(z_nm.size, 1.0)
    heights[[0, -1]] = 0.5
    rings = xr.DataArray(np.outer(np.diff(edges**2), heights), dims=("r_um", "z_nm"))
    return field.weighted(rings).mean(("r_um", "z_nm"))


@settings(deadline=None, max_examples=10)
@given(film=films, cells=st.tuples(st.integers(3, 40), st.integers(2, 20)))
def test_stable_step_is_the_limit(film, cells):
    """A rough field dies out just below the stable step, and grows without end just above."""
    rough = np.random.default_rng(1).standard_normal((cells[1] + 1, cells[0] + 1))
    rates = *explicit._radial_weights(film, cells), explicit._axial_weight(film, cells)
    largest = {}
    for factor in (0.99, 1.01):
        field, work = rough.copy(), np.empty_like(rough)
        step_s = 1e-9 * factor * stable_step_ns(film, cells)
        explicit._steps(field, work, *(step_s * rate for rate in rates), 3000)
        largest[factor] = np.abs(field).max()
    assert largest[0.99] < 10
    assert largest[1.01] > 1e10


def test_unstable_step_is_refused():
    """The error names a stable step, which is then taken."""
    longest = stable_step_ns(FILM, (20, 4))
    with pytest.raises(ValueError, match=rf"step_ns = 99 is unstable.*at most {longest:.4g} ns"):
        temperature(FILM, 1, "explicit", cells=(20, 4), step_ns=99)
    assert temperature(FILM, 1, "explicit", cells=(20, 4), step_ns=0.999 * longest).max() < 1


# On a substrate.


def test_interface_that_lets_nothing_through():
    """Without conductance the transform gives the closed form back, everywhere."""
    insulated = replace(WIDE, substrate=replace(FUSED_SILICA, interface_conductance_MW_m2K=0))
    found = temperature(insulated, TIMES_NS, cells=(6, 6))
    np.testing.assert_allclose(found, temperature(WIDE, TIMES_NS, cells=(6, 6)), atol=2e-8)


def test_film_on_itself():
    """A film on its own material in perfect contact is a half-space: a known product."""
    film = HeatedFilm(math.inf, 2000, 1e-7, absorption_length_nm=50)
    same = Substrate(film.conductivity_W_mK, film.heat_capacity_J_m3K, math.inf)
    spread = 1e-9 * TIMES_NS * film.thermal_diffusivity_m2_s
    known = erfcx(np.sqrt(spread) / 50e-9) / (1 + 2 * spread / film.spot_sigma_m**2)
    found = centre_temperature(replace(film, substrate=same), TIMES_NS)
    np.testing.assert_allclose(found, known, atol=1e-8)


def test_two_layers_against_matrices():
    """Film and quartz agree with a slow reference: finite volumes in z, exact in time."""
    times_ns = [0.1, 1, 5, 20, 100, 1000]
    reference = by_matrices(ON_QUARTZ, times_ns)
    np.testing.assert_allclose(centre_temperature(ON_QUARTZ, times_ns), reference, atol=3e-4)


def by_matrices(film, times_ns):
    """Centre temperature from one matrix for each radial wave number."""
    below = film.substrate
    n = 80
    heights = np.concatenate([np.full(n, film.thickness_nm / n), 0.4 * 1.03 ** np.arange(350)])
    heights *= 1e-9
    in_film = np.arange(heights.size) < n
    heat = np.where(in_film, film.heat_capacity_J_m3K, below.heat_capacity_J_m3K)
    lead = np.where(in_film, film.conductivity_W_mK, below.conductivity_W_mK)
    resistance = (heights / (2 * lead))[:-1] + (heights / (2 * lead))[1:]
    resistance[n - 1] += 1 / (1e6 * below.interface_conductance_MW_m2K)
    store = heat * heights
    across = -np.concatenate([[0], 1 / resistance]) - np.concatenate([1 / resistance, [0]])
    depth = np.cumsum(heights) - heights / 2
    start = np.where(in_film, np.exp(-1e9 * depth / film.absorption_length_nm), 0)
    sigma = film.spot_sigma_m
    u, weights = np.polynomial.legendre.leggauss(40)
    total = np.zeros(len(times_ns))
    for node, weight in zip((u + 1) / 2, weights / 2, strict=True):
        wave = 7 / sigma * node**2
        rates, modes = eigh_tridiagonal(
            across / store - lead / heat * wave**2, 1 / resistance / np.sqrt(store[:-1] * store[1:])
        )
        shares = modes.T @ (start * np.sqrt(store))
        # the top is half a cell above the first two nodes
        top = (1.5 * modes[0] - 0.5 * modes[1]) / np.sqrt(store[0])
        alone = np.exp(1e-9 * np.outer(times_ns, rates)) @ (top * shares)
        total += (
            weight
            * 14
            / sigma
            * node
            * sigma**2
            * wave
            * np.exp(-((wave * sigma) ** 2) / 2)
            * alone
        )
    return total


def test_many_times_are_as_good_as_one():
    """However many are asked for together, each has its own temperature."""
    times_ns = np.arange(0, 600.0)
    together = centre_temperature(FILM, times_ns)
    assert not together.isnull().any()
    for n in (0, 1, 255, 256, 257, 511, 512, 599):
        alone = centre_temperature(FILM, times_ns[n])
        assert float(together[n]) == pytest.approx(float(alone), abs=1e-6)


def test_endless_pulses_are_the_sum_of_pulses():
    """The periodic temperature is what single pulses add up to; their tail goes as 1/sqrt(n)."""
    for period_ns in (25, 400):
        left = heat_accumulation(ON_QUARTZ, period_ns, 1601)
        extrapolated = 2 * left.sel(pulse=1601) - left.sel(pulse=401)
        found = centre_temperature(ON_QUARTZ, period_ns, period_ns=period_ns)
        assert float(found) == pytest.approx(float(extrapolated), rel=2e-4)


def test_periodic_temperature_repeats():
    """A period after a pulse it is colder than just after it by the step of one pulse."""
    for period_ns in (25, 400, 2000):
        first, last = centre_temperature(ON_QUARTZ, [0, period_ns], period_ns=period_ns)
        assert float(first - last) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("conductance", [28, math.inf])
def test_steady_heating_of_a_half_space(conductance):
    """A thin film under countless small pulses is as warm as a surface that a Gaussian beam heats.

    That is flux times sigma sqrt(pi/2) over conductivity (Lax 1977); interface and half the film
    add their resistance.
    """
    quartz = replace(FUSED_SILICA, interface_conductance_MW_m2K=conductance)
    film = replace(WIDE, thickness_nm=0.2, substrate=quartz)
    period_ns = 1e-6
    heat_J_m2 = film.heat_capacity_J_m3K * 1e-9 * film.thickness_nm
    flux = (
        heat_J_m2 / (1e-9 * period_ns) * (1 - film.thickness_nm / (2 * film.absorption_length_nm))
    )
    resistance = film.spot_sigma_m * math.sqrt(math.pi / 2) / quartz.conductivity_W_mK
    resistance += 1e-6 / conductance + 1e-9 * film.thickness_nm / (2 * film.conductivity_W_mK)
    found = centre_temperature(film, [0, period_ns], period_ns=period_ns).mean()
    assert float(found) == pytest.approx(flux * resistance, rel=2e-4)


@pytest.mark.parametrize("low", [1, 10, 100])
def test_better_contact_cools_faster(low):
    """More conductance means less heat at any time."""
    films = [
        replace(WIDE, substrate=replace(FUSED_SILICA, interface_conductance_MW_m2K=one))
        for one in (low, 10 * low)
    ]
    worse, better = (centre_temperature(film, TIMES_NS[8:]) for film in films)
    assert (better < worse).all()


# Numbers drawn from the temperature.


def test_times_scale_with_diffusivity():
    """In a film that keeps its heat, twice the diffusivity halves every time."""
    faster = replace(FILM, thermal_diffusivity_m2_s=2e-7)
    for fraction in (0.5, 0.05):
        assert cooling_time(FILM, fraction) == pytest.approx(2 * cooling_time(faster, fraction))


def test_cooling_time_is_the_inverse():
    """At the time found the temperature is the fraction asked for."""
    for film in (FILM, ON_QUARTZ):
        for fraction in (0.99, 0.5, 0.05):
            found = centre_temperature(film, cooling_time(film, fraction))
            assert float(found) == pytest.approx(fraction, abs=1e-6)


def test_a_wide_film_is_shown_to_four_spots():
    """From its centre, and a film that ends to its end."""
    assert float(temperature(WIDE, 1, cells=(4, 2)).r_um[-1]) == pytest.approx(4 * 0.5)
    assert float(temperature(FILM, 1, cells=(4, 2)).r_um[-1]) == 5


def test_heat_before_a_pulse_is_that_of_all_before():
    """The first finds none, the second what the first has left."""
    left = heat_accumulation(FILM, 400, 3)
    assert left.pulse.values.tolist() == [1, 2, 3]
    one, two = centre_temperature(FILM, [400, 800]).values
    np.testing.assert_allclose(left, [0, one, one + two])
    assert heat_accumulation(FILM, 400, 1).values.tolist() == [0]
    np.testing.assert_allclose(heat_accumulation(FILM, 400, 2), [0, one])


def test_small_film_never_cools_to_five_per_cent():
    """A film whose heat ends at more than the fraction never gets there."""
    small = replace(FILM, radius_um=1)
    assert small.final_temperature > 0.05
    assert cooling_time(small, 0.05) == math.inf
    assert cooling_time(small, small.final_temperature) == math.inf


def test_wide_film_warms_without_end():
    """Without a way out the heat of pulses grows as the logarithm of their number, or faster."""
    left = heat_accumulation(WIDE, 400, 1001)
    later = left.sel(pulse=1001) - left.sel(pulse=101)
    before = left.sel(pulse=101) - left.sel(pulse=11)
    assert float(later) > float(before) > 0
    ending = heat_accumulation(FILM, 1e6, 11)
    assert float(ending[-1]) == pytest.approx(10 * FILM.final_temperature, rel=1e-4)


def test_step_holds_the_energy():
    """Heat capacity times step is the energy that was absorbed."""
    edge_nm, energy_J = 8.3, constants.h * constants.c / 405e-9
    heat = Estimate(1e6, 1e5, "J/(m3 K)", "given")
    step = temperature_step(0.02, energy_J, edge_nm=edge_nm, heat_capacity=heat)
    stored = float(step.temperature_step_K) * 1e6 * (edge_nm * 1e-9) ** 3
    assert stored == pytest.approx(0.02 * energy_J)
    assert float(step.std_err_K / step.temperature_step_K) == pytest.approx(0.1)


def test_a_film_is_heated_as_what_it_is():
    """Thickness and diffusivity are its own, absorption and heat capacity those of its lattice."""
    film = FILMS["OLA/OA"]
    filling = material.filling_fraction(film.edge_nm, film.lattice.spacing_nm)
    wanted = HeatedFilm(
        math.inf,
        film.heat.thickness_nm,
        film.heat.thermal_diffusivity_m2_s,
        absorption_length_nm=material.absorption_length_nm(filling),
        heat_capacity_J_m3K=material.film_heat_capacity_J_m3K(filling),
    )
    assert HeatedFilm.of(film) == wanted
    assert HeatedFilm.of(film, 4, thickness_nm=50) == replace(wanted, radius_um=4, thickness_nm=50)
    with pytest.raises(TypeError, match=r"^film is of type str .* one of tptools\.FILMS"):
        HeatedFilm.of("OLA/OA")


def test_what_films_lie_on_is_from_tables():
    """Conductivity, heat capacity and interface, with sources beside them."""
    assert Substrate(1.4, 2.2e6 * 0.72, 28.0) == FUSED_SILICA
    assert Substrate(10.7, 2648 * 740, 28.0) == QUARTZ_ALONG_AXIS
    assert Substrate(6.2, 2648 * 740, 28.0) == QUARTZ_ACROSS_AXIS


def test_steps_say_what_they_are():
    """Step and error have the shape of the density, a name and a unit."""
    table = temperature_step(xr.DataArray([0.1, 0.2], dims="x"), 5e-19)
    assert [*table] == ["temperature_step_K", "std_err_K"]
    for one in table.values():
        assert (one.dims, one.units, bool(one.long_name)) == (("x",), "K", True)


def test_steps_of_the_tables():
    """At 0.1 uJ/cm2 the step is below 0.01 K, and it passes that in both tables."""
    printed = datasets.load("printed_tables")
    step = temperature_step(printed.excitation_density, Excitation(1, 1).photon_energy_J)
    per_fluence = step.temperature_step_K / printed.fluence_uJ_cm2
    np.testing.assert_allclose(per_fluence, 0.0879, rtol=0.03)
    assert step.temperature_step_K.min() < 0.01 < 0.1 < step.temperature_step_K.max()


# What is refused.


@pytest.mark.parametrize(
    "name",
    ["thickness_nm", "thermal_diffusivity_m2_s", "spot_fwhm_nm", "absorption_length_nm",
     "heat_capacity_J_m3K", "radius_um"],
)  # fmt: skip
@pytest.mark.parametrize("value", [0, -1.0, math.nan])
def test_impossible_films_are_refused(name, value):
    """The error names the parameter, its value and the rule."""
    with pytest.raises(ValueError, match=rf"{name} = {value} must be .* above 0"):
        replace(FILM, **{name: value})


def test_films_that_do_not_fit_are_refused():
    """A spot wider than the film, or a film that ends on a substrate, is no such film."""
    with pytest.raises(ValueError, match=r"spot_fwhm_nm = 500\.0 is wider than the film of radius"):
        HeatedFilm(0.2, 35, 1e-7)
    with pytest.raises(ValueError, match="radius_um = 5 must be infinite on a substrate"):
        replace(FILM, substrate=FUSED_SILICA)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conductivity_W_mK": 0}, "conductivity_W_mK = 0 must be .* above 0"),
        ({"heat_capacity_J_m3K": math.inf}, "heat_capacity_J_m3K = inf must be .* above 0"),
        ({"interface_conductance_MW_m2K": -1}, "interface_conductance_MW_m2K = -1 .* at least 0"),
    ],
)
def test_impossible_substrates_are_refused(changes, message):
    """The error names the parameter, its value and the rule."""
    with pytest.raises(ValueError, match=message):
        replace(FUSED_SILICA, **changes)


@pytest.mark.parametrize("function", [temperature, centre_temperature])
@pytest.mark.parametrize(
    ("times_ns", "options", "message"),
    [
        (-1, {}, "times_ns = -1.0 must be .* at least 0"),
        ([0, math.nan], {}, "times_ns = nan must be"),
        ([0, math.inf], {}, "times_ns = inf must be"),
        ([2, 1], {}, "times_ns = 2, 1 must ascend"),
        ([0, 0.5, 3, 2.5, 1], {}, r"times_ns = 3, 2\.5 must ascend"),
        ([], {}, "times_ns of shape"),
        ([[1]], {}, "times_ns of shape"),
        (1, {"method": "implicit"}, "method = 'implicit' must be one of"),
        (1, {"method": "explicit", "cells": (1, 20)}, r"cells\[0\] = 1 must be an integer"),
        (1, {"method": "explicit", "cells": (20,)}, r"cells = \(20,\) must be two integers"),
        (1, {"accuracy": 9e-10}, "accuracy = 9e-10 must be .* at least 1e-09"),
        (1, {"period_ns": 0}, "period_ns = 0 must be .* above 0"),
        (1, {"period_ns": 400}, "period_ns = 400.*no steady state"),
        (1, {"method": "explicit", "step_ns": -1}, "step_ns = -1 must be .* above 0"),
        (1, {"step_ns": -5}, "step_ns = -5 must be .* above 0"),
        (1, {"step_ns": 0.01}, 'step_ns = 0.01 applies to method = "explicit" only'),
        (1, {"method": "explicit", "accuracy": 2}, "accuracy = 2 must be .* below 1"),
        (1, {"method": "explicit", "accuracy": 0.5}, 'accuracy = 0.5 applies to method = "exact"'),
    ],
)
def test_bad_questions_are_refused(function, times_ns, options, message):
    """The error names the parameter, its value and the rule."""
    with pytest.raises(ValueError, match=message):
        function(FILM, times_ns, **options)


def test_options_that_would_be_ignored_are_refused():
    """The transform has an accuracy of its own, and a single point needs no grid."""
    with pytest.raises(ValueError, match=r"accuracy = 0\.5 applies to .* without a substrate only"):
        temperature(ON_QUARTZ, 1, accuracy=0.5)
    with pytest.raises(ValueError, match=r"cells = \(20, 4\) applies to .*explicit.* only"):
        centre_temperature(FILM, 1, cells=(20, 4))


def test_explicit_differences_need_an_end():
    """The grid of the explicit method ends at a wall."""
    for film in (WIDE, ON_QUARTZ):
        with pytest.raises(ValueError, match="need a film of finite radius without a substrate"):
            temperature(film, 1, "explicit")
        with pytest.raises(ValueError, match="need a film of finite radius without a substrate"):
            stable_step_ns(film, (20, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cooling_time(FILM, 1), "fraction = 1 must be"),
        (lambda: heat_accumulation(FILM, 400, 0), "n_pulses = 0 must be an integer of at least 1"),
        (lambda: heat_accumulation(FILM, -1, 2), "period_ns = -1 must be"),
        (lambda: temperature_step(-0.1, 5e-19), "excitation_density = -0.1 must be"),
        (lambda: temperature_step([0.1, math.nan], 5e-19), "excitation_density = nan must be"),
        (lambda: temperature_step(0.1, 0), "photon_energy_J = 0 must be"),
        (
            lambda: temperature_step(0.1, 1, heat_capacity=Estimate(1, 0, "J", "")),
            "heat_capacity is in 'J'",
        ),
        (
            lambda: temperature_step(0.1, 1, heat_capacity=Estimate(-1, 0, "J/(m3 K)", "")),
            r"heat_capacity = -1\.0 must be .* above 0",
        ),
    ],
)
def test_bad_numbers_are_refused(call, message):
    """The error names the parameter, its value and the rule."""
    with pytest.raises(ValueError, match=message):
        call()


def test_a_crystal_keeps_less_heat_than_glass():
    """Before a pulse a film on quartz is cooler, the more so the better its direction conducts."""
    solids = (QUARTZ_ALONG_AXIS, QUARTZ_ACROSS_AXIS, FUSED_SILICA)
    left = [
        float(centre_temperature(replace(ON_QUARTZ, substrate=one), 400, period_ns=400))
        for one in solids
    ]
    assert 0 < left[0] < left[1] < left[2]


def test_what_crystals_have_in_common_cancels():
    """Late after a pulse the warmth falls with the conductivity as that of a half-space does."""
    late_ns, (along, across) = 1e5, (QUARTZ_ALONG_AXIS, QUARTZ_ACROSS_AXIS)
    left = [
        float(centre_temperature(replace(ON_QUARTZ, substrate=one), late_ns))
        for one in (along, across)
    ]
    exact = (across.conductivity_W_mK / along.conductivity_W_mK) ** 1.5
    assert left[0] / left[1] == pytest.approx(exact, rel=0.02)


def test_fused_silica_conducts_as_it_is_known_to():
    """Its diffusivity is near 0.87e-6 m2/s, as flash methods give it at room temperature."""
    diffusivity = FUSED_SILICA.conductivity_W_mK / FUSED_SILICA.heat_capacity_J_m3K
    assert diffusivity == pytest.approx(0.87e-6, rel=0.05)
