"""Tests of tptools.fitting.edge: exact spectra, and the algebra of their heights."""

import numpy as np
import pytest

from tptools.fitting.edge import Edge, Limits, Trial
from tptools.spectra import absorption_shape, blurred, photon_energy_eV

WAVELENGTH_NM = np.arange(400.0, 600.0, 2.0)
ERROR = np.linspace(1e-4, 3e-4, WAVELENGTH_NM.size)
BINDING_EV = 0.044
TRUTH = {"exciton_eV": 2.45, "width_eV": 0.11, "exponent": 3.0}
HEIGHTS = {"height": 0.05, "rise": 1.5, "baseline": 0.02}


def line(wavelength_nm, rise, bandwidth_nm, exciton_eV=2.45, width_eV=0.11):
    """An edge of height 1 through a monochromator."""
    shape = exciton_eV, width_eV, BINDING_EV, rise
    return blurred(
        lambda nm: absorption_shape(photon_energy_eV(nm), *shape), wavelength_nm, bandwidth_nm
    )


def spectrum(wavelength_nm=WAVELENGTH_NM, bandwidth_nm=0.0, noise=0.0, exponent=3.0, **changes):
    """An edge over a baseline."""
    heights = HEIGHTS | changes
    value = heights["height"] * line(wavelength_nm, heights["rise"], bandwidth_nm)
    value += heights["baseline"] * (wavelength_nm / 500) ** -exponent
    error = np.interp(wavelength_nm, WAVELENGTH_NM, ERROR)
    value += noise * error * np.random.default_rng(1).normal(size=value.size)
    return Edge(wavelength_nm, value, error, bandwidth_nm, BINDING_EV)


def limits(wavelength_nm=WAVELENGTH_NM):
    """What it can show."""
    low, high = photon_energy_eV(wavelength_nm[[-1, 0]]).tolist()
    return Limits(low, high, 0.01, high - low, 0.05)


@pytest.mark.parametrize("bandwidth_nm", [0.0, 8.0])
def test_an_exact_edge_has_its_heights(bandwidth_nm):
    """With the monochromator in the line, and nothing left over."""
    edge = spectrum(bandwidth_nm=bandwidth_nm)
    trial = edge.at(**TRUTH)
    np.testing.assert_allclose(trial.found, [2.45, 0.11, 0.05, 1.5, 0.02, 3.0], rtol=1e-6)
    assert trial.misfit < 1e-9
    if bandwidth_nm:
        assert spectrum(bandwidth_nm=0.0).at(**TRUTH).misfit < 1e-9
        other = Edge(WAVELENGTH_NM, edge.value, ERROR, 0.0, BINDING_EV)
        assert other.at(**TRUTH).misfit > 1


def test_misfit_is_the_sum_of_squared_residuals():
    """Each over its error, of the model that heights by least squares make."""
    edge, place = spectrum(noise=1.0), [2.5, 0.2, 2.0]
    trial = edge.at(*place)
    plain, risen = (line(WAVELENGTH_NM, rise, 0.0, 2.5, 0.2) for rise in (0.0, 1.0))
    columns = np.stack([plain, risen - plain, (WAVELENGTH_NM / 500) ** -2.0], axis=1)
    heights, misfit, *_ = np.linalg.lstsq(columns / ERROR[:, None], edge.value / ERROR)
    residuals = (columns @ heights - edge.value) / ERROR
    np.testing.assert_allclose(edge.residuals(np.array(place)), residuals, atol=1e-6)
    assert trial.misfit == pytest.approx(misfit[0]) == pytest.approx(residuals @ residuals)
    height, climb, baseline = heights
    np.testing.assert_allclose(trial.found, [2.5, 0.2, height, climb / height, baseline, 2.0])


def test_amounts_of_many_columns_are_those_of_each():
    """By weighted least squares, whatever the size of a column."""
    edge, random = spectrum(noise=1.0), np.random.default_rng(1)
    columns = random.normal(size=(2, 4, WAVELENGTH_NM.size, 3)) * [1e-3, 1.0, 1e3]
    amounts, misfits = edge._fitted(columns)
    for at in np.ndindex(2, 4):
        wanted, misfit, *_ = np.linalg.lstsq(columns[at] / ERROR[:, None], edge.value / ERROR)
        np.testing.assert_allclose(amounts[at], wanted, rtol=1e-6)
        assert misfits[at] == pytest.approx(misfit[0])
        assert edge._misfit(columns[at], amounts[at]) == pytest.approx(misfit[0])


@pytest.mark.parametrize(
    ("edge", "place"),
    [(spectrum(height=-0.05), (2.45, 0.11, 3.0)), (spectrum(noise=1.0), (4.5, 0.05, 3.0))],
    ids=["dip", "beyond"],
)
def test_heights_are_of_what_is_seen_and_positive(edge, place):
    """Otherwise there is a baseline alone, with its best height."""
    found = edge.at(*place)
    weight, baseline = ERROR**-2, (WAVELENGTH_NM / 500) ** -3.0
    level = (weight * baseline) @ edge.value / (weight @ baseline**2)
    np.testing.assert_allclose(found.found, [*place[:2], 0, 0, level, 3.0])
    residual = (edge.value - level * baseline) / ERROR
    assert found.misfit == pytest.approx(residual @ residual)


def test_a_scan_is_made_of_single_edges():
    """Of all widths and exponents, without what the monochromator does."""
    edge, widths = spectrum(noise=1.0, bandwidth_nm=6.0), np.array([0.05, 0.1, 0.3])
    plain = Edge(edge.wavelength_nm, edge.value, edge.std_err, 0.0, BINDING_EV)
    found = edge._scanned(2.4, widths)
    assert found.shape == (3, 4)
    for i, width in enumerate(widths):
        for j, exponent in enumerate((0.0, 2.0, 4.0, 8.0)):
            assert found[i, j] == pytest.approx(plain.at(2.4, width, exponent).misfit, rel=1e-6)


@pytest.mark.parametrize("exponent", [0.0, 4.25, 8.0])
def test_a_baseline_alone_is_flat(exponent):
    """Of its own height and exponent, to a quarter."""
    value = 0.3 * (WAVELENGTH_NM / 500) ** -exponent
    flat = Edge(WAVELENGTH_NM, value, ERROR, 0.0, BINDING_EV)._flat()
    assert flat.misfit < 1e-6
    np.testing.assert_allclose(flat.found, [0, 0, 0, 0, 0.3, exponent], atol=1e-9)


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_an_edge_inside_the_record_is_found(noise):
    """Better than any baseline, and than an edge beyond an end, which is not even searched for."""
    edge = spectrum(noise=noise, bandwidth_nm=4.0)
    flat, inside, outside = edge.best(limits())
    np.testing.assert_allclose(inside.found[:2], [2.45, 0.11], rtol=0.02)
    assert inside.misfit < WAVELENGTH_NM.size + 40
    assert flat.misfit > 1000 * max(noise, 1)
    assert outside.misfit > 10 * inside.misfit
    assert flat.found[:4].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("exponent", [0.5, 3.0, 6.5])
def test_a_baseline_of_any_exponent_is_found_with_it(exponent):
    """Between those that are scanned, up to the largest."""
    inside = spectrum(exponent=exponent).best(limits())[1]
    truth = [2.45, 0.11, 0.05, 1.5, 0.02, exponent]
    np.testing.assert_allclose(inside.found, truth, rtol=0.02)


@pytest.mark.parametrize(("first", "last", "sign"), [(515.0, 700.0, 1), (380.0, 490.0, -1)])
def test_an_edge_outside_the_record_is_found_there(first, last, sign):
    """Beyond the end at which it lies, and at least as well as any inside."""
    wavelength_nm = np.arange(first, last, 1.0)
    _, inside, outside = spectrum(wavelength_nm).best(limits(wavelength_nm))
    bounds = limits(wavelength_nm)
    assert bounds.low_eV < inside.found[0] < bounds.high_eV
    end = bounds.high_eV if sign > 0 else bounds.low_eV
    assert 0 <= sign * (outside.found[0] - end) < 1
    assert outside.misfit <= inside.misfit + 1


def test_where_all_is_noise_edges_beyond_the_ends_are_rivals():
    """They are searched for too, and their widths and exponents stay within bounds."""
    value = 0.1 + ERROR * np.random.default_rng(3).normal(size=ERROR.size)
    edge = Edge(WAVELENGTH_NM, value, ERROR, 0.0, BINDING_EV)
    flat, inside, outside = edge.best(limits())
    for trial in (inside, outside):
        assert trial.misfit <= flat.misfit + 1
        assert limits().narrowest_eV <= trial.found[1] <= limits().widest_eV
        assert 0 <= trial.found[5] <= 8
    assert not limits().low_eV < outside.found[0] < limits().high_eV


def test_a_hopeless_region_is_not_searched():
    """Its misfit is that of the scan, and it has no parameters."""
    edge = spectrum()
    _, _, outside = edge.best(limits())
    np.testing.assert_array_equal(outside.found, np.zeros(6))
    widths = np.array([0.04, 0.08, 0.16, 0.32])
    low, high = limits().low_eV, limits().high_eV
    scan = min(
        edge._scanned(one, widths).min()
        for one in np.arange(low - 0.5, high + 0.5, 0.03)
        if not low < one < high
    )
    assert scan <= outside.misfit < 1.2 * scan


def test_the_deepest_of_several_valleys_counts():
    """Beside a lower and a narrower edge the higher one is found, in whichever order they lie."""
    for first, second in ((2.3, 2.7), (2.7, 2.3)):
        value = 0.05 * line(WAVELENGTH_NM, 0.0, 0.0, first, 0.1)
        value += 0.004 * np.exp(-((photon_energy_eV(WAVELENGTH_NM) - second) ** 2) / 0.001)
        edge = Edge(WAVELENGTH_NM, value, ERROR, 0.0, BINDING_EV)
        assert edge.best(limits())[1].found[0] == pytest.approx(first, abs=0.02)


def searched(monkeypatch, misfit_of):
    """Regions in which an edge is sought, where a scan has these misfits at these energies."""
    regions = []

    def scanned(self, exciton_eV, widths_eV):
        return np.full((widths_eV.size, 4), misfit_of(exciton_eV))

    def best(self, energies, widths, misfit, bounds):
        regions.append((energies, widths, misfit, bounds))
        return Trial(float(misfit.min()), np.full(6, energies[0]))

    monkeypatch.setattr(Edge, "_scanned", scanned)
    monkeypatch.setattr(Edge, "_best", best)
    found = spectrum().best(Limits(2.0, 3.0, 0.06, 0.2, 0.05))
    return regions, found


def test_an_edge_is_sought_everywhere(monkeypatch):
    """In steps inside the record, and in double steps outward from either end of it."""
    regions, found = searched(monkeypatch, lambda at: 200 + 10 * at)
    (inside, widths, misfit, bounds), (below, *_, low), (above, *_, high) = regions
    assert widths.tolist() == [0.06, 0.08, 0.16, 0.2]
    assert misfit.shape == (inside.size, 4, 4)
    np.testing.assert_allclose(misfit[:, 0, 0], 200 + 10 * inside)
    assert 2.0 < inside.min() < 2.03 < 2.97 < inside.max() < 3.0
    np.testing.assert_allclose(np.diff(inside), 0.03)
    np.testing.assert_allclose(np.diff(below), -0.06)
    np.testing.assert_allclose(np.diff(above), 0.06)
    assert 1.97 < below.max() <= 2.0
    assert 1.5 <= below.min() < 1.57
    assert 3.0 <= above.min() < 3.03
    assert 3.4 < above.max() < 3.5
    for one, ends in ((bounds, (2.0, 3.0)), (low, (1.0, 2.0)), (high, (3.0, 4.0))):
        np.testing.assert_allclose(one, np.transpose([ends, (0.06, 0.2), (0.0, 8.0)]))
    assert found[1].found[0] == inside[0]
    assert found[2].found[0] == below[0]  # the better one of both outside


@pytest.mark.parametrize(("outside", "hopeless"), [(599.0, False), (600.0, True)])
def test_regions_are_hopeless_from_ten_times_the_least_misfit(monkeypatch, outside, hopeless):
    """And a hundred more; then they have the misfit of their scan."""
    regions, found = searched(monkeypatch, lambda at: 50.0 if 2.0 < at < 3.0 else outside)
    assert len(regions) == 3 - 2 * hopeless
    assert (found[1].misfit, found[2].misfit) == (50.0, outside)
    assert (found[2].found == 0).all() == hopeless


def starts_of(monkeypatch, misfit):
    """Places from which the best edge of a scan is sought: energy, width and exponent."""
    places = []

    def improved(self, place, bounds):
        assert bounds is BOUNDS
        places.append(tuple(place.tolist()))
        return Trial(100 - place[0], place)

    monkeypatch.setattr(Edge, "_improved", improved)
    found = spectrum()._best(np.arange(11.0), np.array([0.1, 0.2, 0.3]), misfit, BOUNDS)
    assert found.misfit == 100 - max(places)[0]
    return set(places)


BOUNDS = np.zeros((2, 3))


def valleys():
    """Misfits of a scan over energies, widths and exponents, with valleys along the first."""
    misfit = np.full((11, 3, 4), 1000.0)
    for at, value in {
        (0, 0, 1): 50.0, (3, 1, 0): 20.0, (6, 2, 3): 10.0, (8, 1, 2): 40.0, (10, 0, 2): 60.0,
    }.items():  # fmt: skip
        misfit[at] = value
    return misfit


@pytest.mark.parametrize(("close", "started"), [(29.0, True), (30.0, True), (31.0, False)])
def test_starts_are_the_deepest_valleys_and_the_best_of_each_width(monkeypatch, close, started):
    """Three of the former, and those of the latter that miss by up to three times the least."""
    misfit = valleys()
    misfit[5, 0, 1] = close  # on the side of a valley
    wanted = {(3.0, 0.2, 0.0), (6.0, 0.3, 8.0), (8.0, 0.2, 4.0)}
    assert starts_of(monkeypatch, misfit) == wanted | ({(5.0, 0.1, 2.0)} if started else set())


@pytest.mark.parametrize("at", [(0, 0, 1), (10, 2, 2)])
def test_valleys_may_lie_at_the_ends(monkeypatch, at):
    """And be flat."""
    misfit = valleys()
    misfit[at] = 15.0
    i, j, k = at
    end = (float(i), (0.1, 0.2, 0.3)[j], (0.0, 2.0, 4.0, 8.0)[k])
    assert starts_of(monkeypatch, misfit) == {(3.0, 0.2, 0.0), (6.0, 0.3, 8.0), end}
    flat = valleys()
    flat[4, 1, 0] = 20.0
    level = {(3.0, 0.2, 0.0), (4.0, 0.2, 0.0), (6.0, 0.3, 8.0)}
    assert starts_of(monkeypatch, flat) == level


def test_a_search_ends_within_its_bounds():
    """From a place beyond them too."""
    bounds = np.array([[2.5, 0.05, 0.0], [2.6, 0.3, 8.0]])
    for place in ([2.0, 0.4, 9.0], [3.0, 0.01, -1.0]):
        trial = spectrum()._improved(np.array(place), bounds)
        assert (bounds[0] <= trial.found[[0, 1, 5]]).all()
        assert (trial.found[[0, 1, 5]] <= bounds[1]).all()
        assert trial.found[0] == pytest.approx(2.5, abs=1e-3)
