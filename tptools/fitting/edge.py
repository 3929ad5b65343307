"""Where an absorption edge may lie: a search over all energies, widths and baselines."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy

from tptools.arrays import FloatArray
from tptools.spectra import BASELINE_REFERENCE_NM, absorption_shape, blurred, photon_energy_eV

BEYOND_EV, SCAN_STEP_EV = 0.5, 0.03
SCAN_WIDTHS_EV = (0.04, 0.08, 0.16, 0.32)
SCAN_EXPONENTS = (0.0, 2.0, 4.0, 8.0)
CLOSE = 3.0  # times the least misfit of a scan, below which a start is tried
HOPELESS = 10.0  # times the least misfit of a scan: a region that is no rival
LEAST_MISFIT = 100.0
MOST_VALLEYS = 3
MOST_STEPS = 60
SETTLED = 1e-4  # of the misfit: far below what edges have to differ by
RIDGE = 1e-13
LEAST_SHOWN = 1e-3  # of the height of an exciton, that must reach into the record


@dataclass(frozen=True)
class Limits:
    """What lines a record can show: energies between its ends, and widths that it resolves.

    A line below `doubtful_eV` may be one bad point.
    """

    low_eV: float
    high_eV: float
    narrowest_eV: float
    widest_eV: float
    doubtful_eV: float


@dataclass(frozen=True, eq=False)
class Trial:
    """Misfit (chi-square) of an edge, and its parameters in the order of `fit_absorbance`."""

    misfit: float
    found: FloatArray


@dataclass(frozen=True, eq=False)
class Edge:
    """A spectrum in which an edge is sought.

    For given energy, width and exponent of the baseline, heights and rise follow from a linear fit;
    only the first three are searched for. The light that a monochromator passes is averaged as
    absorbance here, which is near enough for a start and for comparing edges.
    """

    wavelength_nm: FloatArray
    value: FloatArray
    std_err: FloatArray
    bandwidth_nm: float
    binding_eV: float

    def best(self, limits: Limits) -> tuple[Trial, Trial, Trial]:
        """The best baseline without exciton, and the best edges inside the record and outside."""
        energies = np.arange(limits.low_eV - BEYOND_EV, limits.high_eV + BEYOND_EV, SCAN_STEP_EV)
        low, high = limits.low_eV, limits.high_eV
        regions = (
            (energies[(energies > low) & (energies < high)], (low, high)),
            (energies[energies <= low][::-2], (low - 2 * BEYOND_EV, low)),
            (energies[energies >= high][::2], (high, high + 2 * BEYOND_EV)),
        )
        widths = np.unique(np.clip(SCAN_WIDTHS_EV, limits.narrowest_eV, limits.widest_eV))
        scans = [
            np.array([self._scanned(one, widths) for one in places.tolist()])
            for places, _ in regions
        ]
        others = (limits.narrowest_eV, limits.widest_eV), (0.0, SCAN_EXPONENTS[-1])
        found = [
            self._best(places, widths, scan, np.array([ends, *others]).T)
            if scan.min() < HOPELESS * scans[0].min() + LEAST_MISFIT
            else Trial(float(scan.min()), np.zeros(6))
            for (places, ends), scan in zip(regions, scans, strict=True)
        ]
        return self._flat(), found[0], min(found[1:], key=lambda one: one.misfit)

    def _flat(self) -> Trial:
        exponents = np.linspace(0, SCAN_EXPONENTS[-1], 33)
        heights, misfits = self._fitted(self._baseline(exponents[:, None])[..., None])
        best = int(misfits.argmin())
        found = [0, 0, 0, 0, float(heights[best, 0]), float(exponents[best])]
        return Trial(float(misfits[best]), np.array(found))

    def _best(
        self, energies: FloatArray, widths: FloatArray, misfit: FloatArray, bounds: FloatArray
    ) -> Trial:
        """The best edge within bounds, from a scan over energies, widths and exponents."""
        # the best at each width, and the valleys along the energy
        starts = {(int(misfit[:, j].min(axis=1).argmin()), j) for j in range(widths.size)}
        along = np.pad(misfit.min(axis=(1, 2)), 1, constant_values=math.inf)
        valleys = np.flatnonzero((along[1:-1] <= along[:-2]) & (along[1:-1] <= along[2:]))
        deepest = valleys[np.argsort(along[1:-1][valleys])][:MOST_VALLEYS].tolist()
        starts |= {(i, int(misfit[i].min(axis=1).argmin())) for i in deepest}
        trials = [
            self._improved(
                np.array([energies[i], widths[j], SCAN_EXPONENTS[misfit[i, j].argmin()]]), bounds
            )
            for i, j in sorted(starts)
            if misfit[i, j].min() <= CLOSE * misfit.min() or i in deepest
        ]
        return min(trials, key=lambda one: one.misfit)

    def _scanned(self, exciton_eV: float, widths_eV: FloatArray) -> FloatArray:
        """Misfits of edges with the best heights, of shape (widths, exponents)."""
        line = self._line(exciton_eV, widths_eV[:, None], 0.0)[:, :, None]
        baselines = self._baseline(np.array(SCAN_EXPONENTS)[:, None])
        columns = np.stack(np.broadcast_arrays(*line, baselines), axis=-1)
        return self._misfit(columns, self._amounts(columns))

    def _improved(self, place: FloatArray, bounds: FloatArray) -> Trial:
        margin = 1e-6 * np.ptp(bounds, axis=0)
        result = scipy.optimize.least_squares(
            self.residuals,
            np.clip(place, bounds[0] + margin, bounds[1] - margin),
            bounds=bounds,
            x_scale=(0.05, 0.05, 1.0),
            ftol=SETTLED,
            xtol=SETTLED / 10,
            max_nfev=MOST_STEPS,
        )
        return self.at(*result.x)

    def residuals(self, place: FloatArray) -> FloatArray:
        """Residuals in standard errors, with the best heights."""
        columns, amounts = self._solved(*place)
        return (columns @ amounts - self.value) / self.std_err

    def at(self, exciton_eV: float, width_eV: float, exponent: float) -> Trial:
        """The edge with this exciton and this baseline, and the best heights."""
        columns, amounts = self._solved(exciton_eV, width_eV, exponent)
        misfit = float(self._misfit(columns, amounts))
        height, climb, baseline = amounts.tolist()
        rise = climb / height if height > 0 else 0.0
        return Trial(misfit, np.array([exciton_eV, width_eV, height, rise, baseline, exponent]))

    def _solved(
        self, exciton_eV: float, width_eV: float, exponent: float
    ) -> tuple[FloatArray, FloatArray]:
        """What height, climb and baseline multiply, and the best of them."""
        line = self._line(exciton_eV, width_eV, self.bandwidth_nm)
        columns = np.column_stack([*line, self._baseline(exponent)])
        return columns, self._amounts(columns)

    def _misfit(self, columns: FloatArray, amounts: FloatArray) -> FloatArray:
        """Chi-square of columns with these amounts, over all but the last two axes."""
        residual = ((columns @ amounts[..., None])[..., 0] - self.value) / self.std_err
        return np.asarray((residual**2).sum(axis=-1))

    def _amounts(self, columns: FloatArray) -> FloatArray:
        """The best heights, climbs and baselines of columns (..., points, 3); no height below 0."""
        amounts, _ = self._fitted(columns)
        seen = (columns[..., 0].max(axis=-1) > LEAST_SHOWN) & (amounts[..., 0] > 0)
        if not seen.all():
            alone = np.zeros_like(amounts)
            alone[..., 2:], _ = self._fitted(columns[..., 2:])
            amounts = np.where(seen[..., None], amounts, alone)
        return amounts

    def _fitted(self, columns: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The best amounts of columns (..., points, amounts), and their misfits."""
        weighed, wanted = columns / self.std_err[:, None], self.value / self.std_err
        size = np.maximum(np.sqrt((weighed**2).sum(axis=-2)), np.finfo(float).tiny)
        # columns of unit length, so that their products lose little
        weighed /= size[..., None, :]
        across = np.swapaxes(weighed, -1, -2)
        ridge = RIDGE * np.eye(size.shape[-1])
        amounts = np.linalg.solve(across @ weighed + ridge, across @ wanted[:, None])
        misfit = (((weighed @ amounts)[..., 0] - wanted) ** 2).sum(axis=-1)
        return amounts[..., 0] / size, misfit

    def _line(self, exciton_eV: float, width_eV: float | FloatArray, blur_nm: float) -> FloatArray:
        """An edge of height 1, and what a rise of 1 per eV adds to it: (2, ..., points)."""

        def shapes(at_nm: FloatArray) -> FloatArray:
            """Absorption without and with a rise above the gap of the exciton."""
            rises = np.expand_dims([0.0, 1.0], (*range(1, 1 + max(at_nm.ndim, np.ndim(width_eV))),))
            energy = photon_energy_eV(at_nm)
            return absorption_shape(energy, exciton_eV, width_eV, self.binding_eV, rises)

        plain, risen = blurred(shapes, self.wavelength_nm, *((blur_nm,) if blur_nm else ()))
        return np.stack([plain, risen - plain])

    def _baseline(self, exponent: float | FloatArray) -> FloatArray:
        return (self.wavelength_nm / BASELINE_REFERENCE_NM) ** -exponent
