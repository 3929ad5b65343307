"""From spectra to peaks, widths, intensities and exponents, and from four counts to a yield."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import lmfit
import numpy as np
import xarray as xr
from lmfit.model import ModelResult
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from tptools.checks import check_number
from tptools.estimate import Estimate
from tptools.fitting.records import check_record
from tptools.spectra import (
    BASELINE_REFERENCE_NM,
    HC_EV_NM,
    absorption_shape,
    blurred,
    emission_shape,
    photon_energy_eV,
)

__all__ = [
    "PowerLaw",
    "absorbance",
    "exponent_half_width",
    "fit_absorbance",
    "fit_peak",
    "fit_power_law",
    "quantum_yield",
    "reject_cosmic_rays",
    "trend",
]

MAX_REWEIGHTINGS = 20
RELATIVE_TOLERANCE = 1e-6
_CAMERA = ("electrons_per_count", "read_noise_electrons", "bias_counts", "slit_nm", "pixel_nm")


def reject_cosmic_rays(record: xr.Dataset, *, threshold: float = 6.0) -> xr.Dataset:
    """Mean of the frames of a record, without the readings that a cosmic ray has struck.

    A reading is left out if it exceeds the median of its pixel over the frames by more than
    `threshold` standard deviations of photon and read noise.

    Parameters
    ----------
    record : Dataset
        ``counts`` over (frame, wavelength_nm) and the camera's attributes, as from
        `tptools.instruments.Spectrometer`.
    threshold : float, optional
        In standard deviations.

    Returns
    -------
    Dataset
        Over wavelength_nm: ``counts``, the mean of what is left, and ``n_kept``, the frames that
        it is the mean of; with the attributes of `record`.

    Raises
    ------
    ValueError
        If there are fewer than three frames, counts are negative or not finite, or the attributes
        of the camera are missing.

    Examples
    --------
    >>> counts = xr.DataArray(
    ...     [[601, 600], [600, 900], [599, 600]],
    ...     dims=("frame", "wavelength_nm"),
    ...     coords={"wavelength_nm": [500.0, 500.4]},
    ... )
    >>> camera = dict(electrons_per_count=4, read_noise_electrons=4, bias_counts=600)
    >>> camera |= {"slit_nm": 2.3, "pixel_nm": 0.44}
    >>> reject_cosmic_rays(xr.Dataset({"counts": counts}, attrs=camera)).counts.values.tolist()
    [600.0, 600.0]
    """
    check_record(record["counts"], "wavelength_nm")
    missing = set(_CAMERA) - set(record.attrs)
    if missing:
        raise ValueError(
            f"record lacks the attributes {sorted(missing)}; take it from an instrument"
        )
    if record.sizes.get("frame", 1) < 3:
        raise ValueError(
            f"record has {record.sizes.get('frame', 1)} frames and must have at least 3, so that "
            "cosmic rays can be told from light"
        )
    counts = record["counts"].astype(float)
    usual = counts.median("frame")
    noise = np.sqrt(_variance(usual.to_numpy(), record.attrs))
    kept = counts.where(counts - usual <= threshold * xr.DataArray(noise, dims="wavelength_nm"))
    return xr.Dataset(
        {"counts": kept.mean("frame"), "n_kept": kept.count("frame")}, attrs=record.attrs
    )


def fit_peak(record: xr.Dataset) -> ModelResult:
    r"""Fit a Gaussian in photon energy to a spectrum, blurred by slit and pixel as the spectrum is.

    .. math::
        n(\lambda) = b + C\, \Delta\lambda \left(\frac{1}{w_E}\sqrt{\frac{4 \ln 2}{\pi}}\,
        e^{-4 \ln 2\, (E - E_0)^2 / w_E^2}\, \frac{hc}{\lambda^2}\right) * s

    Parameters
    ----------
    record : Dataset
        As for `reject_cosmic_rays`, with ``saturated`` of the same shape.

    Returns
    -------
    lmfit.model.ModelResult
        Parameters ``centre_eV``, ``fwhm_eV``, ``intensity`` (C, counts in the peak of one frame)
        and ``background`` (b, with the bias), and from them ``peak_nm`` :math:`= hc/E_0` and
        ``fwhm_nm`` :math:`= \lambda_0^2 w_E / hc`; absolute errors.

    Raises
    ------
    ValueError
        If a reading is saturated, and as for `reject_cosmic_rays`.

    Notes
    -----
    Least squares with the variance of photon noise, read noise and rounding that belongs to the
    fitted counts, repeated until both agree. The number of photons, not that of counts, has
    Poisson noise: the variance is counts over electrons per count.

    Examples
    --------
    >>> from tptools.excitation import Excitation
    >>> from tptools.instruments import Spectrometer
    >>> from tptools.film import FILMS
    >>> laser = Excitation(power_nW=10, rep_rate_MHz=2.5)
    >>> fit = fit_peak(Spectrometer().measure(FILMS["OLA/OA"].optics, laser, seed=1))
    >>> print(f"{fit.params['peak_nm'].value:.1f} nm, {fit.params['fwhm_nm'].value:.1f} nm")
    515.0 nm, 19.2 nm
    """
    n_saturated = int(record["saturated"].sum())
    if n_saturated:
        raise ValueError(
            f"record has {n_saturated} saturated readings, whose light is not known; measure again "
            "with a shorter exposure_s"
        )
    spectrum = reject_cosmic_rays(record)
    camera, kept = record.attrs, spectrum["n_kept"].to_numpy()
    model = lmfit.Model(_peak_of(camera["slit_nm"], camera["pixel_nm"]), ["wavelength_nm"])
    wavelength, counts = spectrum["wavelength_nm"].to_numpy(), spectrum["counts"].to_numpy()
    parameters = model.make_params(**_guess_peak(wavelength, counts))
    parameters["fwhm_eV"].min = 1e-3
    parameters.add("peak_nm", expr=f"{HC_EV_NM!r} / centre_eV")
    parameters.add("fwhm_nm", expr=f"{HC_EV_NM!r} * fwhm_eV / centre_eV**2")

    def fit_with(mean: NDArray, start: lmfit.Parameters) -> ModelResult:
        weights = np.sqrt(kept / _variance(mean, camera))
        return model.fit(
            counts, start, wavelength_nm=wavelength, weights=weights, scale_covar=False
        )

    return _reweighted(fit_with, counts, parameters)


def absorbance(record: xr.Dataset) -> xr.Dataset:
    r"""Absorbance of a scan, from the counts of its two beams.

    .. math:: A = -\log_{10} \frac{n_\mathrm{sample} - d}{n_\mathrm{reference} - d}

    Parameters
    ----------
    record : Dataset
        Counts ``sample`` and ``reference`` over wavelength_nm, and the attributes
        ``dark_rate_Hz`` and ``dwell_s``, which give the dark counts d.

    Returns
    -------
    Dataset
        ``absorbance`` and ``std_err`` over wavelength_nm, NaN where a beam is not above the dark
        counts; with the attributes of `record`.

    Raises
    ------
    ValueError
        If counts are negative or not finite, or wavelengths do not increase.

    Examples
    --------
    >>> axis = {"wavelength_nm": [500.0]}
    >>> beams = {"sample": ("wavelength_nm", [10000]), "reference": ("wavelength_nm", [100000])}
    >>> scan = xr.Dataset(beams, axis, {"dark_rate_Hz": 0, "dwell_s": 1})
    >>> absorbance(scan).absorbance.values.tolist()
    [1.0]
    """
    dark = record.attrs["dark_rate_Hz"] * record.attrs["dwell_s"]
    light, variance = {}, 0.0
    for name in ("sample", "reference"):
        check_record(record[name], "wavelength_nm")
        light[name] = (record[name] - dark).where(record[name] > dark)
        variance = variance + record[name] / light[name] ** 2
    value = np.log10(light["reference"] / light["sample"])
    value = value.assign_attrs(long_name="absorbance", units="1")
    columns = {"absorbance": value, "std_err": np.sqrt(variance) / math.log(10)}
    return xr.Dataset(columns, attrs=record.attrs)


def fit_absorbance(spectrum: xr.Dataset, *, binding_eV: float = 0.044) -> ModelResult:
    r"""Fit the band-edge exciton with its continuum (`tptools.spectra`) and a baseline.

    Parameters
    ----------
    spectrum : Dataset
        From `absorbance`.
    binding_eV : float, optional
        Binding energy of the exciton, held fixed: at this broadening a spectrum hardly tells it
        from the rise of the continuum.

    Returns
    -------
    lmfit.model.ModelResult
        Parameters ``exciton_eV``, ``exciton_fwhm_eV``, ``height`` (absorbance at the exciton less
        the baseline), ``rise_per_eV``, ``baseline`` at 500 nm, ``baseline_exponent`` and, from the
        first, ``exciton_nm``; absolute errors.

    Raises
    ------
    ValueError
        If fewer than eight points are finite.

    Examples
    --------
    >>> from tptools.instruments import Spectrophotometer
    >>> from tptools.film import FILMS
    >>> scan = Spectrophotometer().measure(FILMS["OLA/OA in toluene"].optics, seed=1)
    >>> round(fit_absorbance(absorbance(scan)).params["exciton_nm"].value)
    502
    """
    usable = spectrum.dropna("wavelength_nm")
    if usable.sizes["wavelength_nm"] < 8:
        raise ValueError(
            f"spectrum has {usable.sizes['wavelength_nm']} finite points and must have at least 8"
        )
    width_nm = spectrum.attrs.get("bandwidth_nm", 0.0)
    wavelength, value = usable["wavelength_nm"].to_numpy(), usable["absorbance"].to_numpy()

    def curve(
        wavelength_nm: NDArray,
        exciton_eV: float,
        exciton_fwhm_eV: float,
        height: float,
        rise_per_eV: float,
        baseline: float,
        baseline_exponent: float,
    ) -> NDArray:
        def passed(at_nm: NDArray) -> NDArray:
            line = (exciton_eV, exciton_fwhm_eV, binding_eV, rise_per_eV)
            fall = baseline * (at_nm / BASELINE_REFERENCE_NM) ** -baseline_exponent
            return 10 ** -(height * absorption_shape(photon_energy_eV(at_nm), *line) + fall)

        return -np.log10(blurred(passed, wavelength_nm, width_nm))

    model = lmfit.Model(curve)
    near = float(np.interp(505.0, wavelength, value))
    start = {"exciton_eV": HC_EV_NM / 505, "rise_per_eV": 2.0, "baseline_exponent": 3.0}
    start |= {"exciton_fwhm_eV": 0.1, "height": max(near - value[-1], 1e-3), "baseline": value[-1]}
    parameters = model.make_params(**start)
    parameters["exciton_fwhm_eV"].min = 0.02
    parameters["height"].min = 1e-6
    parameters["baseline_exponent"].set(min=0, max=8)
    parameters.add("exciton_nm", expr=f"{HC_EV_NM!r} / exciton_eV")
    weights = 1 / usable["std_err"].to_numpy()
    return model.fit(
        value, parameters, wavelength_nm=wavelength, weights=weights, scale_covar=False
    )


@dataclass(frozen=True)
class PowerLaw:
    """A power law through intensities against power.

    Parameters
    ----------
    exponent : Estimate
        Slope in logarithms, with one standard error.
    interval : tuple of float
        Where the exponent lies with 95 % confidence.
    prefactor : Estimate
        Intensity at 1 nW.
    fit : lmfit.model.ModelResult
        Of ``log_prefactor`` and ``exponent``.
    """

    exponent: Estimate
    interval: tuple[float, float]
    prefactor: Estimate
    fit: ModelResult

    def __call__(self, power_nW: ArrayLike) -> NDArray[np.float64]:
        """Intensity of the fitted line at powers of any shape."""
        return self.prefactor.value * np.asarray(power_nW, float) ** self.exponent.value


def fit_power_law(
    power_nW: ArrayLike, intensity: Sequence[Estimate] | ArrayLike, *, power_error: float = 0.0
) -> PowerLaw:
    r"""Fit :math:`I = C P^m`, a line in logarithms (Figs. 1c and S5).

    Parameters
    ----------
    power_nW : array_like
        Powers, at least three.
    intensity : sequence of Estimate, or array_like
        Intensities, as many. Numbers without errors have the same relative error each.
    power_error : float, optional
        Relative standard error of one power.

    Returns
    -------
    PowerLaw
        The errors follow from the scatter of the points about the line, and the interval from
        Student's distribution; the given errors only weigh the points. What makes all points
        deviate alike, and what bends the line, is in neither.

    Raises
    ------
    ValueError
        If there are fewer than three points, numbers of powers and intensities differ, or one is
        not positive and finite.

    Examples
    --------
    >>> fit_power_law([1, 2, 4, 8], [3.0, 5.9, 12.1, 24.0]).exponent
    Estimate(1.0036 ± 0.0079, method='power law')
    """
    power = np.ravel(power_nW).astype(float)
    given = [one if isinstance(one, Estimate) else Estimate(one, 0, "", "") for one in intensity]
    value, error = (np.array([getattr(e, a) for e in given]) for a in ("value", "std_err"))
    check_number("power_error", power_error, at_least=0)
    if power.size != value.size or power.size < 3:
        raise ValueError(
            f"power_nW and intensity have {power.size} and {value.size} points and must have the "
            "same number, at least 3"
        )
    if not (np.isfinite([power, value]).all() and (power > 0).all() and (value > 0).all()):
        raise ValueError("powers and intensities must be positive and finite; leave out the others")
    model = lmfit.Model(lambda x, log_prefactor, exponent: log_prefactor + exponent * x, ["x"])
    relative = np.hypot(error / value, power_error)
    weights = 1 / relative if (relative > 0).all() else np.ones_like(relative)
    fit = model.fit(
        np.log(value), x=np.log(power), weights=weights, log_prefactor=0.0, exponent=1.0
    )
    exponent, log_prefactor = fit.params["exponent"], fit.params["log_prefactor"]
    half = stats.t.ppf(0.975, power.size - 2) * exponent.stderr
    prefactor = math.exp(log_prefactor.value)
    return PowerLaw(
        Estimate(exponent.value, exponent.stderr, "", "power law"),
        (exponent.value - half, exponent.value + half),
        Estimate(prefactor, prefactor * log_prefactor.stderr, given[0].unit, "power law"),
        fit,
    )


def exponent_half_width(power_nW: ArrayLike, relative_error: float) -> float:
    r"""Half the width that the interval of `fit_power_law` will have.

    .. math:: t_{0.975, n - 2}\; s \Big/ \sqrt{\textstyle\sum_i (\ln P_i - \overline{\ln P})^2}

    Parameters
    ----------
    power_nW : array_like
        The n powers of a series, at least three.
    relative_error : float
        Relative standard error s of one point, by power or light.

    Returns
    -------
    float
        In units of the exponent.

    Raises
    ------
    ValueError
        If there are fewer than three powers, or a number is not positive and finite.

    Examples
    --------
    >>> round(exponent_half_width([0.5, 1, 2.5, 4, 5, 10, 20], 0.01), 4)
    0.0082
    """
    power = np.ravel(power_nW).astype(float)
    check_number("relative_error", relative_error, above=0)
    if power.size < 3 or not (np.isfinite(power).all() and (power > 0).all()):
        raise ValueError(f"power_nW = {power_nW!r} must be at least three positive numbers")
    spread = math.sqrt(power.size) * np.log(power).std()
    return float(stats.t.ppf(0.975, power.size - 2) * relative_error / spread)


def trend(power_nW: ArrayLike, estimates: Sequence[Estimate]) -> Estimate:
    """Change of a measured number from the lowest to the highest power.

    A line through the number against the logarithm of power, weighted by the errors, which the
    error of the change follows from.

    Parameters
    ----------
    power_nW : array_like
        Powers, at least two different ones.
    estimates : sequence of Estimate
        The number at each, with its error.

    Returns
    -------
    Estimate
        Slope times the logarithm of the highest power over the lowest.

    Raises
    ------
    ValueError
        If numbers of powers and estimates differ, powers are not positive, or an error is not.

    Examples
    --------
    >>> peaks = [Estimate(515.0, 0.1, "nm", "fit"), Estimate(515.2, 0.1, "nm", "fit")]
    >>> trend([1, 10], peaks)
    Estimate(0.20 ± 0.14 nm, method='trend')
    """
    power = np.ravel(power_nW).astype(float)
    value, error = (np.array([getattr(e, a) for e in estimates]) for a in ("value", "std_err"))
    if power.size != value.size or not (power > 0).all() or np.unique(power).size < 2:
        raise ValueError(
            f"power_nW has {power.size} values for {value.size} estimates and must have as many, "
            "positive and at least two different"
        )
    if not (error > 0).all():
        raise ValueError(f"errors must be positive, and the smallest is {error.min()!r}")
    weight = error**-2.0
    x = np.log(power) / np.log(power.max() / power.min())
    x -= weight @ x / weight.sum()
    information = float(weight @ x**2)
    return Estimate(
        float(weight @ (x * value)) / information,
        1 / math.sqrt(information),
        estimates[0].unit,
        "trend",
    )


def quantum_yield(record: xr.Dataset) -> Estimate:
    r"""Quantum yield from the four measurements in a sphere (Note 1), repeated.

    The mean over the repetitions of

    .. math:: Q = \frac{S_\mathrm{em} - B_\mathrm{em}}{B_\mathrm{exc} - S_\mathrm{exc}}.

    Parameters
    ----------
    record : Dataset
        ``sample_emission``, ``blank_emission``, ``sample_excitation`` and ``blank_excitation``
        over repeat, and the attribute ``lamp_drift``, as from
        `tptools.instruments.IntegratingSphere`.

    Returns
    -------
    Estimate
        Pure number. The error is propagated from Poisson noise of the four counts and the drift of
        the lamp between them, and divided by the root of the number of repetitions. NaN with a
        note where the sample did not absorb.

    Raises
    ------
    ValueError
        If a count is negative or not finite.

    Examples
    --------
    >>> counts = {"sample_emission": 1.5e7, "blank_emission": 1e6}
    >>> counts |= {"sample_excitation": 8e7, "blank_excitation": 1e8}
    >>> repeats = {name: ("repeat", [n] * 3) for name, n in counts.items()}
    >>> quantum_yield(xr.Dataset(repeats, attrs={"lamp_drift": 0.003}))
    Estimate(0.7000 ± 0.0079, method='integrating sphere')
    """
    names = ("sample_emission", "blank_emission", "blank_excitation", "sample_excitation")
    for name in names:
        check_record(record[name])
    counts = np.array([record[name].to_numpy() for name in names], float)
    emitted, absorbed = counts[0] - counts[1], counts[2] - counts[3]
    if (absorbed <= 0).any():
        note = "the sample took no light off the lamp"
        return Estimate(math.nan, math.nan, "", "integrating sphere", note)
    ratio = emitted / absorbed
    # the background of the blank is not the lamp's
    driven = np.array([emitted, np.zeros_like(emitted), counts[2], counts[3]])
    variance = counts + (record.attrs["lamp_drift"] * driven) ** 2
    slopes = np.array([1 + 0 * ratio, 1 + 0 * ratio, ratio, ratio]) / absorbed
    error = np.sqrt((slopes**2 * variance).sum(axis=0).sum()) / ratio.size
    return Estimate(float(ratio.mean()), float(error), "", "integrating sphere")


def _variance(counts: NDArray, camera: dict[str, float]) -> NDArray:
    """Variance of one reading: photons, reading, rounding."""
    gain = camera["electrons_per_count"]
    light = np.maximum(counts - camera["bias_counts"], 0) / gain
    return light + (camera["read_noise_electrons"] / gain) ** 2 + 1 / 12


def _peak_of(slit_nm: float, pixel_nm: float) -> Callable[..., NDArray]:
    """The model of `fit_peak` for one camera."""

    def peak(
        wavelength_nm: NDArray,
        centre_eV: float,
        fwhm_eV: float,
        intensity: float,
        background: float,
    ) -> NDArray:
        line = partial(emission_shape, centre_eV=centre_eV, fwhm_eV=fwhm_eV)
        return background + intensity * pixel_nm * blurred(line, wavelength_nm, slit_nm, pixel_nm)

    return peak


def _guess_peak(wavelength_nm: NDArray, counts: NDArray) -> dict[str, float]:
    """Start values: the highest pixel, and the width of a peak of that height and area."""
    background = float(np.median(counts))
    light = np.maximum(counts - background, 0)
    centre = HC_EV_NM / wavelength_nm[light.argmax()]
    area, height = float(light.sum()), float(max(light.max(), 1e-9))
    width_nm = max(area / height * float(np.diff(wavelength_nm).mean()), 3.0)
    return {
        "centre_eV": centre,
        "fwhm_eV": width_nm * centre**2 / HC_EV_NM,
        "intensity": max(area, 1.0),
        "background": background,
    }


def _reweighted(
    fit_with: Callable[[NDArray, lmfit.Parameters], ModelResult],
    mean: NDArray,
    parameters: lmfit.Parameters,
) -> ModelResult:
    """Repeat a fit until its weights are those of its own result."""
    for _ in range(MAX_REWEIGHTINGS):
        fit = fit_with(mean, parameters)
        if np.allclose(fit.best_fit, mean, rtol=RELATIVE_TOLERANCE):
            break
        mean, parameters = fit.best_fit, fit.params
    return fit
