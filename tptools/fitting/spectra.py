"""From spectra to peaks, widths and intensities: of emission, and of absorption."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import scipy
import xarray as xr

from tptools.arrays import BoolArray, FloatArray
from tptools.checks import check_number
from tptools.estimate import Estimate
from tptools.fitting.determined import undetermined, without_outliers
from tptools.fitting.edge import SCAN_EXPONENTS, Edge, Limits
from tptools.fitting.result import Fit, fit_curve, misfit_note
from tptools.records import as_dataset, as_numbers, as_record, bin_edges, check_errors
from tptools.spectra import (
    BASELINE_REFERENCE_NM,
    HC_EV_NM,
    absorption_shape,
    blurred,
    photon_energy_eV,
)
from tptools.units import FWHM_PER_SIGMA

__all__ = [
    "absorbance",
    "fit_absorbance",
    "fit_peak",
    "reject_cosmic_rays",
]

LEAST_CLEAR = 5.0
"""Standard errors that the light in a peak has to exceed, wherever noise may put one."""

LEAST_GAIN = 40.0
"""Chi-square that an exciton has to gain on a mere baseline, wherever noise may put one."""

LEAST_APART = 9.0
"""Chi-square by which an exciton outside the record has to fit worse than the one inside."""

FEWEST_FRAMES = 3
FEWEST_POINTS = 8
SAME_WAVELENGTH = 1e-6  # relative: what single precision and a change of units leave
WIDTH_OF_A_POINT = 1.5  # of what is resolved: a narrower line may be one bad point
EVEN_PIXEL = 0.05  # of a pixel: what rounding of wavelengths may move it by
MOST_NODES = 64

RISES = (-10.0, 200.0)
LARGEST_ABSORBANCE = 300.0

Start = dict[str, dict[str, float]]

_GAUSSIAN_HEIGHT = math.sqrt(4 * math.log(2) / math.pi)
_EDGE = "exciton and continuum"
_OF_EXCITON = ("exciton_eV", "exciton_fwhm_eV", "height", "rise_per_eV")
_OF_EDGE = {"exciton_eV": "eV", "exciton_fwhm_eV": "eV", "rise_per_eV": "1/eV"}
_OF_PEAK = {"centre_eV": "eV", "fwhm_eV": "eV", "intensity": "counts", "background": "counts"}
_AXIS = "wavelength_nm"
_CAMERA = ("electrons_per_count", "read_noise_electrons", "bias_counts", "slit_nm", "pixel_nm")


def reject_cosmic_rays(record: xr.Dataset, *, threshold: float = 6.0) -> xr.Dataset:
    """Mean of the frames of a record, without the readings that a cosmic ray has struck.

    A reading is left out if it exceeds the median of its pixel over the frames by more than
    `threshold` standard deviations of photon and read noise.

    Parameters
    ----------
    record : Dataset
        ``counts`` over (frame, wavelength_nm) and the camera's attributes, as from
        `tptools.instruments.Spectrometer`. Masked readings are NaN.
    threshold : float, optional
        In standard deviations.

    Returns
    -------
    Dataset
        Over wavelength_nm: ``counts``, the mean of what is left, and ``n_kept``, the frames that
        it is the mean of; with the attributes of `record`. A pixel with fewer than three readings
        has none left.

    Raises
    ------
    ValueError
        If there are fewer than three frames, counts are negative or infinite, or the attributes
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
    _check_camera(record.attrs)
    threshold = check_number("threshold", threshold, above=0, finite=False)
    counts = as_record(record["counts"], _AXIS, masked=True)
    if counts.sizes.get("frame", 1) < FEWEST_FRAMES:
        raise ValueError(
            f"record has {counts.sizes.get('frame', 1)} frames and must have at least "
            f"{FEWEST_FRAMES}, so that cosmic rays can be told from light"
        )
    counts = counts.where(counts.count("frame") >= FEWEST_FRAMES)
    usual = counts.median("frame")
    noise = np.sqrt(usual.copy(data=_variance(usual.to_numpy(), record.attrs)))
    kept = counts.where(counts - usual <= threshold * noise)
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
        As for `reject_cosmic_rays`, with ``saturated`` of the same shape. Pixels have the widths
        that coordinates such as ``wavelength_width_nm`` give; or the attribute ``pixel_nm``, where
        wavelengths are whole numbers of these apart; or else reach half way to their neighbours.

    Returns
    -------
    Fit
        Parameters ``centre_eV``, ``fwhm_eV``, ``intensity`` (C, counts in the peak of one frame)
        and ``background`` (b, with the bias), and from them ``peak_nm`` :math:`= hc/E_0` and
        ``fwhm_nm`` :math:`= \lambda_0^2 w_E / hc`; absolute errors. NaN with a note where the
        record does not determine a parameter: no peak, one beyond an end, or one whose width is
        lost in slit and pixel.

    Raises
    ------
    ValueError
        If a reading is saturated and not masked, fewer than eight pixels are left, and as for
        `reject_cosmic_rays`.

    Notes
    -----
    Least squares with the variance of photon noise, read noise and rounding that belongs to the
    fitted counts, repeated until both agree. The number of photons, not that of counts, has
    Poisson noise: the variance is counts over electrons per count.

    The start is the best of peaks of all widths all over the record. Light of less than five
    standard errors is no peak: noise alone reaches that in one of some 10⁴ records. Where the fit
    misses, one pixel in a hundred may be left out if the rest then fits; the note names them.

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
    spectrum, camera = reject_cosmic_rays(record), record.attrs
    _check_saturation(record)
    spectrum = spectrum.isel({_AXIS: spectrum["n_kept"].to_numpy() > 0})
    _check_points(spectrum, "record")
    wavelength, counts = spectrum[_AXIS].to_numpy(), spectrum["counts"].to_numpy()
    n_kept, pixel = spectrum["n_kept"].to_numpy(), _pixel_widths(spectrum, camera["pixel_nm"])
    curve = _peak_of(camera["slit_nm"], wavelength, pixel)
    limits = _limits_of_peak(wavelength, math.hypot(camera["slit_nm"], pixel.min()))

    def fit_of(kept: BoolArray) -> Fit:
        """The fit to the pixels that are kept."""

        def variance(mean: FloatArray) -> FloatArray:
            """Variance of the kept pixels for expected counts."""
            return _variance(mean, camera) / n_kept[kept]

        points = wavelength[kept], counts[kept]
        start = _start_of_peak(*points, pixel[kept], variance(points[1]), limits)
        method = "Gaussian in energy"
        fit = fit_curve(curve, *points, start, units=_OF_PEAK, method=method, variance=variance)
        return _judged_peak(fit, limits)

    def pulls_of(fit: Fit) -> FloatArray:
        """Residuals of all pixels in standard errors, as `_doubted` gives them."""
        mean = fit.curve(wavelength)
        pulls = (counts - mean) / np.sqrt(_variance(mean, camera) / n_kept)
        return _doubted(pulls, wavelength, fit, "centre_eV", "fwhm_eV", limits)

    fit = without_outliers(fit_of, pulls_of, lambda lost: _listed(wavelength[lost]), counts.size)
    centre, fwhm = fit["centre_eV"], fit["fwhm_eV"]
    return _with(fit, "nm", peak_nm=HC_EV_NM / centre, fwhm_nm=HC_EV_NM * fwhm / centre**2)


def absorbance(record: xr.Dataset) -> xr.Dataset:
    r"""Absorbance of a scan, from the counts of its two beams.

    .. math:: A = -\log_{10} \frac{n_\mathrm{sample} - d}{n_\mathrm{reference} - d}

    Parameters
    ----------
    record : Dataset
        Counts ``sample`` and ``reference`` over wavelength_nm, masked where NaN, and the attributes
        ``dark_rate_Hz`` and ``dwell_s``, which give the dark counts d.

    Returns
    -------
    Dataset
        ``absorbance`` and ``std_err`` over wavelength_nm, NaN where a beam is masked or not above
        the dark counts; with the attributes of `record`.

    Raises
    ------
    ValueError
        If a beam or an attribute is missing, counts are negative or infinite, or the wavelengths
        of both beams differ.

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
    for name in ("dark_rate_Hz", "dwell_s"):
        check_number(name, record.attrs[name], at_least=0)
    dark = record.attrs["dark_rate_Hz"] * record.attrs["dwell_s"]
    sample, reference = (as_record(record[one], _AXIS, name=one, masked=True) for one in beams)
    if sample.sizes != reference.sizes or not np.allclose(
        sample[_AXIS], reference[_AXIS], rtol=SAME_WAVELENGTH, atol=0
    ):
        raise ValueError(
            "sample and reference must be over the same wavelengths; interpolate one of them"
        )
    reference = reference.transpose(*sample.dims).assign_coords({_AXIS: sample[_AXIS]})
    light, variance = {}, 0.0
    for name, beam in zip(beams, (sample, reference), strict=True):
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
        From `absorbance`: ``absorbance``, masked where NaN, and ``std_err`` over wavelength_nm, and
        the attribute ``bandwidth_nm`` of the monochromator, if any.
    binding_eV : float, optional
        Binding energy of the exciton, held fixed: at this broadening a spectrum hardly tells it
        from the rise of the continuum.

    Returns
    -------
    Fit
        Parameters ``exciton_eV``, ``exciton_fwhm_eV``, ``height`` (absorbance at the exciton less
        the baseline), ``rise_per_eV``, ``baseline`` at 500 nm, ``baseline_exponent`` and, from the
        first, ``exciton_nm``; absolute errors. NaN with a note where the record does not determine
        a parameter: no exciton in it, one beyond an end, or one too narrow or wide for it.

    Raises
    ------
    ValueError
        If a variable is missing, fewer than eight points are numbers, or one of these has no
        positive, finite error.

    Notes
    -----
    The fit starts from the best excitons of all widths inside the record, and outside: where the
    latter fits as well, the former is not determined. An exciton that gains less than 40 in
    chi-square on a baseline alone is none. Where the fit misses, one point in a hundred may be left
    out if the rest then fits; the note names them.

    Examples
    --------
    >>> from tptools.instruments import Spectrophotometer
    >>> from tptools.film import FILMS
    >>> scan = Spectrophotometer().measure(FILMS["OLA/OA in toluene"].optics, seed=1)
    >>> round(float(fit_absorbance(absorbance(scan))["exciton_nm"]))
    502
    """
    binding_eV = check_number("binding_eV", binding_eV, above=0)
    names = ("absorbance", "std_err")
    spectrum = as_dataset(spectrum, names, "spectrum", "tptools.fitting.absorbance")
    width_nm = spectrum.attrs.get("bandwidth_nm", 0.0)
    check_number("bandwidth_nm", width_nm, at_least=0)
    columns = _columns(spectrum)
    wavelength, value, error = (columns[name].to_numpy() for name in (_AXIS, *names))
    check_errors("std_err of spectrum", error)
    limits = _limits_of_exciton(wavelength, width_nm)
    curve = _edge_of(width_nm, binding_eV)

    def fit_of(kept: BoolArray) -> Fit:
        """The fit to the pixels that are kept."""
        points, variance = (wavelength[kept], value[kept]), error[kept] ** 2
        edge = Edge(*points, error[kept], width_nm, binding_eV)
        flat, inside, outside = edge.best(limits)
        growth = max(1.0, inside.misfit / max(1, points[0].size - len(inside.found)))
        seen = flat.misfit - inside.misfit > LEAST_GAIN * growth
        start = _start_of_exciton(inside.found, limits) if seen else _start_without_exciton(limits)
        fit = fit_curve(curve, *points, start, units=_OF_EDGE, method=_EDGE, variance=variance)
        if not seen:
            return undetermined(fit, "no exciton stands out of a baseline", *_OF_EXCITON)
        if not outside.misfit - inside.misfit > LEAST_APART * growth:
            return undetermined(fit, "an exciton beyond an end of the record fits as well")
        return _judged_line(fit, "exciton_eV", "exciton_fwhm_eV", limits)

    def pulls_of(fit: Fit) -> FloatArray:
        """Residuals of all pixels in standard errors, as `_doubted` gives them."""
        pulls = (value - fit.curve(wavelength)) / error
        return _doubted(pulls, wavelength, fit, "exciton_eV", "exciton_fwhm_eV", limits)

    fit = without_outliers(fit_of, pulls_of, lambda lost: _listed(wavelength[lost]), value.size)
    if misfit_note(fit.goodness) and fit["exciton_fwhm_eV"].value <= limits.doubtful_eV:
        fit = undetermined(fit, "single points stand out of what does not fit")
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
        """Absorbance as the instrument records it."""

        def passed(at_nm: FloatArray) -> FloatArray:
            """Share of the light that passes."""
            line = (exciton_eV, exciton_fwhm_eV, binding_eV, rise_per_eV)
            fall = baseline * (at_nm / BASELINE_REFERENCE_NM) ** -baseline_exponent
            shape = height * absorption_shape(photon_energy_eV(at_nm), *line) + fall
            # trial steps must stay within what double precision can take out again
            return 10 ** -np.clip(shape, -LARGEST_ABSORBANCE, LARGEST_ABSORBANCE)

        return -np.log10(blurred(passed, wavelength_nm, bandwidth_nm))

    return curve


def _limits_of_exciton(wavelength_nm: FloatArray, bandwidth_nm: float) -> Limits:
    """Energies and widths that a spectrum can show, by its ends, steps and bandwidth."""
    low, high = photon_energy_eV(wavelength_nm[[-1, 0]])
    resolved_nm = max(bandwidth_nm, float(np.diff(wavelength_nm).min()))
    resolved = resolved_nm * low * high / HC_EV_NM
    narrowest = resolved / 2
    if not narrowest < high - low:
        raise ValueError(
            f"bandwidth_nm = {bandwidth_nm:g} must be below the span of the spectrum, "
            f"{np.ptp(wavelength_nm):g} nm; mend one of them"
        )
    return Limits(*map(float, (low, high, narrowest, high - low, WIDTH_OF_A_POINT * resolved)))


def _start_without_exciton(limits: Limits) -> Start:
    """Start values of a baseline alone."""
    middle = (limits.low_eV + limits.high_eV) / 2
    start: Start = {
        name: {"value": value, "vary": False}
        for name, value in zip(_OF_EXCITON, (middle, limits.widest_eV, 0.0, 0.0), strict=True)
    }
    start["baseline"] = {"value": 0.1}
    start["baseline_exponent"] = {"value": 3.0, "min": 0.0, "max": SCAN_EXPONENTS[-1]}
    return start


def _start_of_exciton(found: FloatArray, limits: Limits) -> Start:
    """Start values from those of `Edge.best`, with bounds."""
    names = (*_OF_EXCITON, "baseline", "baseline_exponent")
    start: Start = {name: {"value": float(one)} for name, one in zip(names, found, strict=True)}
    start["exciton_eV"] |= {"min": limits.low_eV, "max": limits.high_eV}
    start["exciton_fwhm_eV"] |= {"min": limits.narrowest_eV, "max": limits.widest_eV}
    start["height"] |= {"min": 0.0}
    start["rise_per_eV"] |= {"min": RISES[0], "max": RISES[1]}
    start["baseline_exponent"] |= {"min": 0.0, "max": SCAN_EXPONENTS[-1]}
    return start


def _judged_line(fit: Fit, centre: str, width: str, limits: Limits) -> Fit:
    """The fit, with NaN for a line that it puts on an end, or a width beyond what is resolved."""
    if not limits.low_eV < fit[centre].value < limits.high_eV:
        return undetermined(fit, "the line lies at or beyond an end of the record")
    if fit[width].value >= limits.widest_eV:
        return undetermined(fit, "the line is wider than the record")
    found = fit[width]
    resolved = found.value > max(limits.narrowest_eV, found.std_err)
    # within one pixel the place has no error either
    if not resolved or math.isnan(found.std_err + fit[centre].std_err):
        return undetermined(fit, "the line is narrower than the record resolves", width)
    return fit


def _doubted(
    pulls: FloatArray, wavelength_nm: FloatArray, fit: Fit, centre: str, width: str, limits: Limits
) -> FloatArray:
    """Residuals in standard errors; infinite at a line that may be no more than this point."""
    place = fit[centre].value
    if math.isnan(place) or fit[width].value > limits.doubtful_eV:
        return pulls
    nearest = int(np.abs(photon_energy_eV(wavelength_nm) - place).argmin())
    return np.where(np.arange(pulls.size) == nearest, math.inf, pulls)


def _columns(spectrum: xr.Dataset) -> xr.Dataset:
    """Absorbance and its errors over wavelength, where there is an absorbance."""
    value = as_record(
        spectrum["absorbance"], _AXIS, name="absorbance", only=True, masked=True, signed=True
    )
    errors = spectrum["std_err"].copy(data=as_numbers("std_err", spectrum["std_err"]))
    errors = as_record(
        errors.where(np.isfinite(errors)),
        _AXIS,
        name="std_err",
        only=True,
        masked=True,
        signed=True,
    )
    columns = xr.Dataset({"absorbance": value, "std_err": errors}).dropna(
        # a point without an error is no point to leave out in silence
        _AXIS,
        subset=["absorbance"],
    )
    _check_points(columns, "spectrum")
    return columns


def _with(fit: Fit, unit: str, **derived: Estimate) -> Fit:
    """The fit with what follows from its parameters."""
    named = {name: replace(one, unit=unit, goodness=fit.goodness) for name, one in derived.items()}
    return replace(fit, parameters={**fit.parameters, **named})


def _variance(counts: FloatArray, camera: dict[str, float]) -> FloatArray:
    """Variance of one reading: photons, reading, rounding."""
    gain = camera["electrons_per_count"]
    light = np.maximum(counts - camera["bias_counts"], 0) / gain
    return light + (camera["read_noise_electrons"] / gain) ** 2 + 1 / 12


def _peak_of(slit_nm: float, at_nm: FloatArray, pixel_nm: FloatArray) -> Callable[..., FloatArray]:
    """The model of `fit_peak` for one camera, with the widths of its pixels over wavelength."""
    nodes = int(np.clip(2 * slit_nm / pixel_nm.min() + 3, 3, MOST_NODES))
    points, weights = np.polynomial.legendre.leggauss(nodes)

    def peak(
        wavelength_nm: FloatArray,
        centre_eV: float,
        fwhm_eV: float,
        intensity: float,
        background: float,
    ) -> FloatArray:
        """Counts of a Gaussian in energy behind the slit."""
        middle = wavelength_nm[..., None] + slit_nm / 2 * points
        half = np.interp(wavelength_nm, at_nm, pixel_nm)[..., None] / 2
        # a Gaussian in energy is integrated over a pixel exactly
        high, low = (
            scipy.special.ndtr((photon_energy_eV(edge) - centre_eV) * FWHM_PER_SIGMA / fwhm_eV)
            for edge in (middle - half, middle + half)
        )
        return background + intensity * ((high - low) @ weights / 2)

    return peak


def _limits_of_peak(wavelength_nm: FloatArray, resolved_nm: float) -> Limits:
    """Energies and widths that a spectrum can show, by its ends and its blur."""
    low, high = photon_energy_eV(wavelength_nm[[-1, 0]])
    resolved = resolved_nm * low * high / HC_EV_NM
    narrowest = resolved / 10
    return Limits(*map(float, (low, high, narrowest, high - low, WIDTH_OF_A_POINT * resolved)))


def _start_of_peak(
    wavelength_nm: FloatArray,
    counts: FloatArray,
    pixel_nm: FloatArray,
    variance: FloatArray,
    limits: Limits,
) -> Start:
    """The best Gaussian over a background, of a scan of places and widths."""
    weight, span = 1 / variance, float(np.ptp(wavelength_nm))
    level = float(weight @ counts / weight.sum())
    narrowest = 10 * limits.narrowest_eV * HC_EV_NM / (limits.low_eV * limits.high_eV)
    best = -math.inf, 0.0, 0.0, 0.0
    for width in np.geomspace(narrowest, span, 2 + int(math.log(span / narrowest, 1.6))):
        centres = np.arange(wavelength_nm[0], wavelength_nm[-1] + width / 6, width / 3)
        away = (wavelength_nm - centres[:, None]) / width
        line = np.exp(-4 * math.log(2) * away**2) * pixel_nm / width * _GAUSSIAN_HEIGHT
        line -= (line @ weight / weight.sum())[:, None]
        spread = np.maximum(line**2 @ weight, np.finfo(float).tiny)
        area = line @ (weight * (counts - level)) / spread
        gain = np.where(area > 0, area**2 * spread, -math.inf)
        one = int(gain.argmax())
        best = max(best, (float(gain[one]), float(centres[one]), float(width), float(area[one])))
    _, centre, width, area = best
    centre_eV = HC_EV_NM / min(centre, float(wavelength_nm[-1])) if centre else limits.low_eV
    fwhm_eV = width * centre_eV**2 / HC_EV_NM
    return {
        "centre_eV": {"value": centre_eV, "min": limits.low_eV, "max": limits.high_eV},
        "fwhm_eV": {
            "value": float(np.clip(fwhm_eV, 2 * limits.narrowest_eV, limits.widest_eV / 2)),
            "min": limits.narrowest_eV,
            "max": limits.widest_eV,
        },
        "intensity": {"value": max(area, 1.0)},
        "background": {"value": level},
    }


def _judged_peak(fit: Fit, limits: Limits) -> Fit:
    """The fit, with NaN for what it does not determine."""
    light = fit["intensity"]
    noise = light.std_err * math.sqrt(max(1.0, fit.reduced_chi_square))
    if not light.value > LEAST_CLEAR * noise:
        names = ("centre_eV", "fwhm_eV", "intensity")
        return undetermined(fit, "no peak stands out of the noise", *names)
    return _judged_line(fit, "centre_eV", "fwhm_eV", limits)


def _pixel_widths(spectrum: xr.Dataset, pixel_nm: float) -> FloatArray:
    """Widths of pixels: as coordinates say, or as stated, or to the middles between them."""
    if {f"wavelength_{part}_nm" for part in ("start", "end", "width")} & {*spectrum.coords}:
        lower, upper = bin_edges(spectrum["counts"], _AXIS)
        return upper - lower
    wavelength = spectrum[_AXIS].to_numpy()
    apart = np.diff(wavelength) / pixel_nm
    # pixels may be missing
    if (np.abs(apart - np.maximum(apart.round(), 1)) < EVEN_PIXEL).all():
        return np.full(wavelength.size, pixel_nm)
    middles = (wavelength[1:] + wavelength[:-1]) / 2
    ends = 2 * wavelength[[0, -1]] - middles[[0, -1]]
    return np.diff(np.concatenate([ends[:1], middles, ends[1:]]))


def _check_camera(camera: dict[str, Any]) -> None:
    for name in ("electrons_per_count", "pixel_nm"):
        check_number(name, camera[name], above=0)
    for name in ("read_noise_electrons", "slit_nm"):
        check_number(name, camera[name], at_least=0)
    check_number("bias_counts", camera["bias_counts"])


def _check_saturation(record: xr.Dataset) -> None:
    """Refuse readings whose light is not known, unless they are masked."""
    full = as_record(record["saturated"], _AXIS, name="saturated") > 0
    n_saturated = int((full & as_record(record["counts"], _AXIS, masked=True).notnull()).sum())
    if n_saturated:
        raise ValueError(
            f"record has {n_saturated} saturated readings, whose light is not known; measure again "
            "with a shorter exposure_s"
        )


def _check_points(columns: xr.Dataset, name: str) -> None:
    size = columns.sizes[_AXIS]
    if size < FEWEST_POINTS:
        raise ValueError(f"{name} has {size} finite points and must have at least {FEWEST_POINTS}")
    check_number(f"least {_AXIS}", float(columns[_AXIS][0]), above=0)


def _listed(wavelength_nm: FloatArray) -> str:
    return f"{', '.join(f'{one:.6g}' for one in wavelength_nm)} nm"
