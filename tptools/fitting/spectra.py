"""From spectra to peaks, widths and intensities: of emission, and of absorption."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import xarray as xr

from tptools.arrays import FloatArray
from tptools.estimate import Estimate
from tptools.fitting.result import Fit, fit_curve
from tptools.records import as_dataset, as_record, check_errors
from tptools.spectra import (
    BASELINE_REFERENCE_NM,
    HC_EV_NM,
    absorption_shape,
    blurred,
    emission_shape,
    photon_energy_eV,
)

__all__ = [
    "absorbance",
    "fit_absorbance",
    "fit_peak",
    "reject_cosmic_rays",
]

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
    record = as_dataset(record, ("counts", *_CAMERA), "record", "tptools.instruments.Spectrometer")
    counts = as_record(record["counts"], "wavelength_nm")
    if record.sizes.get("frame", 1) < 3:
        raise ValueError(
            f"record has {record.sizes.get('frame', 1)} frames and must have at least 3, so that "
            "cosmic rays can be told from light"
        )
    usual = counts.median("frame")
    noise = np.sqrt(_variance(usual.to_numpy(), record.attrs))
    kept = counts.where(counts - usual <= threshold * xr.DataArray(noise, dims="wavelength_nm"))
    return xr.Dataset(
        {"counts": kept.mean("frame"), "n_kept": kept.count("frame")}, attrs=record.attrs
    )


def fit_peak(record: xr.Dataset) -> Fit:
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
    Fit
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
    >>> round(fit["peak_nm"].value), round(fit["fwhm_nm"].value)
    (515, 19)
    """
    record = as_dataset(record, ["saturated"], "record", "tptools.instruments.Spectrometer")
    n_saturated = int(record["saturated"].sum())
    if n_saturated:
        raise ValueError(
            f"record has {n_saturated} saturated readings, whose light is not known; measure again "
            "with a shorter exposure_s"
        )
    spectrum = reject_cosmic_rays(record)
    camera, kept = record.attrs, spectrum["n_kept"].to_numpy()
    wavelength, counts = spectrum["wavelength_nm"].to_numpy(), spectrum["counts"].to_numpy()
    fit = fit_curve(
        _peak_of(camera["slit_nm"], camera["pixel_nm"]),
        wavelength,
        counts,
        _guess_peak(wavelength, counts),
        units={"centre_eV": "eV", "fwhm_eV": "eV", "intensity": "counts", "background": "counts"},
        method="Gaussian in energy",
        variance=lambda mean: _variance(mean, camera) / kept,
    )
    centre, fwhm = fit["centre_eV"], fit["fwhm_eV"]
    return _with(fit, "nm", peak_nm=HC_EV_NM / centre, fwhm_nm=HC_EV_NM * fwhm / centre**2)


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
        If a beam or an attribute is missing, counts are negative or not finite, or wavelengths do
        not increase.

    Examples
    --------
    >>> axis = {"wavelength_nm": [500.0]}
    >>> beams = {"sample": ("wavelength_nm", [10000]), "reference": ("wavelength_nm", [100000])}
    >>> scan = xr.Dataset(beams, axis, {"dark_rate_Hz": 0, "dwell_s": 1})
    >>> absorbance(scan).absorbance.values.tolist()
    [1.0]
    """
    beams = ("sample", "reference")
    needed = (*beams, "dark_rate_Hz", "dwell_s")
    record = as_dataset(record, needed, "record", "tptools.instruments.Spectrophotometer")
    dark = record.attrs["dark_rate_Hz"] * record.attrs["dwell_s"]
    light, variance = {}, 0.0
    for name in beams:
        beam = as_record(record[name], "wavelength_nm", name=name)
        light[name] = (beam - dark).where(beam > dark)
        variance = variance + beam / light[name] ** 2
    value = np.log10(light["reference"] / light["sample"])
    value = value.assign_attrs(long_name="absorbance", units="1")
    columns = {"absorbance": value, "std_err": np.sqrt(variance) / math.log(10)}
    return xr.Dataset(columns, attrs=record.attrs)


def fit_absorbance(spectrum: xr.Dataset, *, binding_eV: float = 0.044) -> Fit:
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
    Fit
        Parameters ``exciton_eV``, ``exciton_fwhm_eV``, ``height`` (absorbance at the exciton less
        the baseline), ``rise_per_eV``, ``baseline`` at 500 nm, ``baseline_exponent`` and, from the
        first, ``exciton_nm``; absolute errors.

    Raises
    ------
    ValueError
        If a variable is missing, fewer than eight points are numbers, or one of these has no
        positive, finite error.

    Examples
    --------
    >>> from tptools.instruments import Spectrophotometer
    >>> from tptools.film import FILMS
    >>> scan = Spectrophotometer().measure(FILMS["OLA/OA in toluene"].optics, seed=1)
    >>> round(float(fit_absorbance(absorbance(scan))["exciton_nm"]))
    502
    """
    names = ("wavelength_nm", "absorbance", "std_err")
    spectrum = as_dataset(spectrum, names, "spectrum", "tptools.fitting.absorbance")
    # a point without an error is no point to leave out in silence
    usable = spectrum.dropna("wavelength_nm", subset=["absorbance"])
    if usable.sizes["wavelength_nm"] < 8:
        raise ValueError(
            f"spectrum has {usable.sizes['wavelength_nm']} finite points and must have at least 8"
        )
    width_nm = spectrum.attrs.get("bandwidth_nm", 0.0)
    wavelength, value, error = (usable[name].to_numpy() for name in names)
    check_errors("std_err of spectrum", error)

    near = float(np.interp(505.0, wavelength, value))
    start = {
        "exciton_eV": {"value": HC_EV_NM / 505},
        "exciton_fwhm_eV": {"value": 0.1, "min": 0.02},
        "height": {"value": max(near - value[-1], 1e-3), "min": 1e-6},
        "rise_per_eV": {"value": 2.0},
        "baseline": {"value": value[-1]},
        "baseline_exponent": {"value": 3.0, "min": 0.0, "max": 8.0},
    }
    units = {"exciton_eV": "eV", "exciton_fwhm_eV": "eV", "rise_per_eV": "1/eV"}
    method = "exciton and continuum"
    curve = _edge_of(width_nm, binding_eV)
    fit = fit_curve(curve, wavelength, value, start, units=units, method=method, variance=error**2)
    return _with(fit, "nm", exciton_nm=HC_EV_NM / fit["exciton_eV"])


def _edge_of(bandwidth_nm: float, binding_eV: float) -> Callable[..., FloatArray]:
    """The model of `fit_absorbance` for one monochromator."""

    def curve(
        wavelength_nm: FloatArray,
        exciton_eV: float,
        exciton_fwhm_eV: float,
        height: float,
        rise_per_eV: float,
        baseline: float,
        baseline_exponent: float,
    ) -> FloatArray:
        def passed(at_nm: FloatArray) -> FloatArray:
            line = (exciton_eV, exciton_fwhm_eV, binding_eV, rise_per_eV)
            fall = baseline * (at_nm / BASELINE_REFERENCE_NM) ** -baseline_exponent
            return 10 ** -(height * absorption_shape(photon_energy_eV(at_nm), *line) + fall)

        return -np.log10(blurred(passed, wavelength_nm, bandwidth_nm))

    return curve


def _with(fit: Fit, unit: str, **derived: Estimate) -> Fit:
    """The fit with what follows from its parameters."""
    named = {name: replace(one, unit=unit) for name, one in derived.items()}
    return replace(fit, parameters={**fit.parameters, **named})


def _variance(counts: FloatArray, camera: dict[str, float]) -> FloatArray:
    """Variance of one reading: photons, reading, rounding."""
    gain = camera["electrons_per_count"]
    light = np.maximum(counts - camera["bias_counts"], 0) / gain
    return light + (camera["read_noise_electrons"] / gain) ** 2 + 1 / 12


def _peak_of(slit_nm: float, pixel_nm: float) -> Callable[..., FloatArray]:
    """The model of `fit_peak` for one camera."""

    def peak(
        wavelength_nm: FloatArray,
        centre_eV: float,
        fwhm_eV: float,
        intensity: float,
        background: float,
    ) -> FloatArray:
        line = partial(emission_shape, centre_eV=centre_eV, fwhm_eV=fwhm_eV)
        return background + intensity * pixel_nm * blurred(line, wavelength_nm, slit_nm, pixel_nm)

    return peak


def _guess_peak(wavelength_nm: FloatArray, counts: FloatArray) -> dict[str, dict[str, float]]:
    """Start values: the highest pixel, and the width of a peak of that height and area."""
    background = float(np.median(counts))
    light = np.maximum(counts - background, 0)
    centre = HC_EV_NM / wavelength_nm[light.argmax()]
    area, height = float(light.sum()), float(max(light.max(), 1e-9))
    width_nm = max(area / height * float(np.diff(wavelength_nm).mean()), 3.0)
    return {
        "centre_eV": {"value": centre},
        "fwhm_eV": {"value": width_nm * centre**2 / HC_EV_NM, "min": 1e-3},
        "intensity": {"value": max(area, 1.0)},
        "background": {"value": background},
    }
