"""What all instruments have in common: they say what they expect, and they measure it.

Both methods return an `xarray.Dataset` with the same variables and settings as attributes:
`Instrument.expected` their means, `Instrument.measure` one draw around them, with photon and
read-out noise, which is what the real instrument would have stored.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, runtime_checkable

import xarray as xr

import tptools
from tptools.checks import check_type
from tptools.film import Optics

__all__ = ["Instrument"]

Sample = TypeVar("Sample", contravariant=True)


@runtime_checkable
class Instrument(Protocol[Sample]):
    """A forward model of an instrument: sample in, record out.

    Further arguments are what the sample is put under, such as a laser. Where counts are cut
    off at full scale, `expected` is the mean without the cut.

    Examples
    --------
    >>> from tptools.instruments import Spectrophotometer
    >>> isinstance(Spectrophotometer(), Instrument)
    True
    """

    def expected(self, sample: Sample, /, *args: Any, **kwargs: Any) -> xr.Dataset:
        """Means of what `measure` draws, without noise.

        Parameters
        ----------
        sample
            What is measured.
        *args, **kwargs
            What it is put under, such as a laser.

        Returns
        -------
        Dataset
            The measured variables, with all settings as attributes.
        """
        ...

    def measure(self, sample: Sample, /, *args: Any, seed: int, **kwargs: Any) -> xr.Dataset:
        """One record, with noise.

        Parameters
        ----------
        sample, *args, **kwargs
            As for `expected`.
        seed : int
            Of all noise of the instrument: the same seed gives the same record.

        Returns
        -------
        Dataset
            As `expected`, and ``seed`` among the attributes.

        Raises
        ------
        ValueError
            If `seed` is no integer of at least 0.
        """
        ...


def check_optics(sample: Optics) -> None:
    """Raise TypeError unless a sample says how it absorbs and emits.

    Examples
    --------
    >>> check_optics("OLA/OA")
    Traceback (most recent call last):
    TypeError: sample is of type str and must be of type Optics; give those of a film, \
tptools.FILMS['OLA/OA'].optics
    """
    remedy = "give those of a film, tptools.FILMS['OLA/OA'].optics"
    check_type("sample", sample, Optics, remedy=remedy)


def simulated(title: str, *settings: dict[str, Any]) -> dict[str, Any]:
    """Attributes of a record: all settings, what it is, and that no real sample made it.

    Parameters
    ----------
    title : str
        What the record is.
    *settings : dict
        Settings of sample and instrument; where two have the same name, the later one holds.

    Returns
    -------
    dict

    Examples
    --------
    >>> simulated("a decay", {"power_nW": 10.0}) | {"version": "1.0"}
    {'power_nW': 10.0, 'title': 'a decay', 'origin': 'simulated', 'version': '1.0'}
    """
    merged = {name: value for one in settings for name, value in one.items()}
    return merged | {"title": title, "origin": "simulated", "version": tptools.__version__}
