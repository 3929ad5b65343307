"""Text that the console can show, whatever its encoding."""

from __future__ import annotations

import re
import sys

_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_PLAIN = {"±": "+/-", "×": "x", "µ": "u", "μ": "u", "−": "-", "Å": "Angstrom", "°": "deg"}


def shown(text: str, encoding: str | None = None) -> str:
    """Give a text in the characters of an encoding: what it lacks is written out.

    Parameters
    ----------
    text : str
        Any.
    encoding : str, optional
        By default that of standard output; without one, everything can be shown.

    Returns
    -------
    str

    Examples
    --------
    >>> shown("(3.0 ± 1.0)×10⁻⁸ µs", "cp1252")
    '(3.0 ± 1.0)×10^-8 µs'
    >>> shown("(3.0 ± 1.0)×10⁻⁸ μs", "ascii")
    '(3.0 +/- 1.0)x10^-8 us'
    >>> shown("5 Å and 2 µm at −196 °C", "ascii")
    '5 Angstrom and 2 um at -196 degC'
    """
    encoding = encoding or getattr(sys.stdout, "encoding", None) or "utf-8"

    def written(found: re.Match[str]) -> str:
        """The nearest that the encoding has for what it lacks."""
        part = found[0]
        if part.encode(encoding, "ignore").decode(encoding) == part:
            return part
        raised = part.translate(_RAISED)
        if raised.isascii():
            return f"^{raised}"
        return _PLAIN.get(part, part.encode("ascii", "backslashreplace").decode())

    return re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+|[^\x00-\x7f]", written, text)
