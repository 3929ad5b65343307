"""Numbers the paper prints, typed once, each with its place in the paper.

`REPORTED` maps the id of a claim to what is printed there. Ids start with the part of the paper:
``main`` for the main text, ``s1`` to ``s10`` for the Supplementary Notes. ``L`` in a place is
the line in the plain-text version of the paper. Tables S1 and S2 are a dataset,
``tptools.datasets.load("printed_tables")``.

Examples
--------
>>> REPORTED["s2-tau-relax"].value
8.1
>>> print(REPORTED["main-tau-relax"])
~6 us
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

__all__ = ["REPORTED", "Reported"]


@dataclass(frozen=True)
class Reported:
    """A number as the paper prints it.

    Parameters
    ----------
    claim : str
        Id of the claim, unique in the book.
    quantity : str
        What the number is, in words.
    printed : str
        The digits as printed, so that their precision is kept: ``"0.30"`` is not ``"0.3"``.
    unit : str
        Unit; empty for a pure number.
    place : str
        Where it stands.
    approximate : bool, optional
        Whether the paper marks the number as approximate.

    Raises
    ------
    ValueError
        If `printed` is not a finite decimal number.
    """

    claim: str
    quantity: str
    printed: str
    unit: str
    place: str
    approximate: bool = False

    def __post_init__(self) -> None:
        """Refuse digits that are no number."""
        try:
            finite = Decimal(self.printed).is_finite()
        except ArithmeticError:
            finite = False
        if not finite:
            raise ValueError(f"{self.claim}: printed = {self.printed!r} is not a finite number")

    @property
    def value(self) -> float:
        """The number, in `unit`."""
        return float(self.printed)

    @property
    def half_unit(self) -> float:
        """Half a unit of the last printed digit: the rounding error of the print.

        Examples
        --------
        >>> Reported("x", "cross section", "5.29e-14", "cm2", "Note 6").half_unit
        5e-17
        """
        return float(Decimal((0, (5,), int(Decimal(self.printed).as_tuple().exponent) - 1)))

    def __str__(self) -> str:
        """Digits as printed, with the unit and ``~`` where the paper says "about"."""
        return f"{'~' * self.approximate}{self.printed} {self.unit}".rstrip()


_PRINTED = (
    # the microscope
    Reported("main-lambda-exc", "excitation wavelength", "405", "nm", "Main text, L59"),
    Reported("main-pulse-width", "laser pulse", "50", "ps", "Main text, L59", True),
    Reported("main-spot-fwhm", "laser spot, FWHM", "500", "nm", "Main text, L59"),
    Reported("main-apd-area", "edge of the APD", "50", "um", "Main text, L63"),
    Reported("main-IRF", "instrument response", "80", "ps", "Main text, L67", True),
    Reported("s3-fiber-obj", "numerical aperture", "0.85", "", "Note 3, L521-523"),
    Reported("s3-mag", "magnification", "495", "", "Note 3, L525-528"),
    Reported("s3-apd", "response of the APD", "50", "ps", "Note 3, L527-528", True),
    # the sample
    Reported("main-NC-size", "edge of a nanocrystal", "8.3", "nm", "Main text, L75"),
    Reported("main-PLQY", "quantum yield of the film", "68", "%", "Main text, L76"),
    Reported("main-thickness-min", "film thickness, at least", "30", "nm", "Main text, L78"),
    Reported("main-thickness-max", "film thickness, at most", "40", "nm", "Main text, L78"),
    Reported("s4-thickness-min", "film thickness, at least", "30", "nm", "Note 4, L621-622"),
    Reported("s4-thickness-max", "film thickness, at most", "40", "nm", "Note 4, L621-622"),
    # recipes, Note 1
    Reported("s1-TEM-EPFL", "particles sized", "200", "", "Note 1, L401-403"),
    Reported("s1-cALD-conc", "concentration before c-ALD", "8", "mM", "Note 1, L375", True),
    Reported("s1-cALD-TMA", "TMA for a cycle of c-ALD", "1.6", "mM", "Note 1, L376"),
    Reported("s1-cALD-TMA-volume", "volume of TMA for a cycle", "1", "mL", "Note 1, L376"),
    Reported("s1-OD-min", "optical density, at least", "0.01", "", "Note 1, L388"),
    Reported("s1-OD-max", "optical density, at most", "0.07", "", "Note 1, L388"),
    Reported("s1-ALD", "thickness after 100 cycles of ALD", "10", "nm", "Note 1, L389-395", True),
    Reported("s1-Cs2CO3", "caesium carbonate", "5", "mmol", "Note 1, L426"),
    Reported("s1-Cs-M", "caesium oleate", "0.4", "M", "Note 1, L426"),
    Reported("s1-Cs-OA", "oleic acid for caesium", "16", "mmol", "Note 1, L426"),
    Reported("s1-Pb", "lead acetate trihydrate", "12", "mmol", "Note 1, L428"),
    Reported("s1-Pb-M", "lead oleate", "0.5", "M", "Note 1, L428"),
    Reported("s1-Pb-OA", "oleic acid for lead", "24", "mmol", "Note 1, L428"),
    Reported("s1-TOP", "trioctylphosphine", "13", "mmol", "Note 1, L431"),
    Reported("s1-Br2", "bromine", "11.5", "mmol", "Note 1, L431"),
    Reported("s1-TOPBr2-M", "TOP-Br2", "0.5", "M", "Note 1, L431-432"),
    Reported("s1-Cs-dose", "caesium in the flask", "1.6", "mmol", "Note 1, L434"),
    Reported("s1-Pb-dose", "lead in the flask", "2.5", "mmol", "Note 1, L434"),
    Reported("s1-ASC18", "ligand ASC18", "0.512", "mmol", "Note 1, L434", True),
    Reported("s1-Br-dose", "bromine atoms injected", "5", "mmol", "Note 1, L436"),
    Reported("s1-crude", "crude solution", "19", "mL", "Note 1, L438"),
    Reported("s1-film-ETH", "solids for spin-coating", "3", "mg/mL", "Note 1, L445-451"),
    Reported("s1-film-ETH-drop", "drop for spin-coating", "30", "uL/cm2", "Note 1, L445-451"),
    # excitation density, quoted in the main text
    Reported("main-1c-frep", "repetition rate of Fig. 1c", "2.5", "MHz", "Main text, L82"),
    Reported("main-N-low", "<N> at 0.5 nW, 2.5 MHz", "0.004", "", "Main text, L83"),
    Reported("main-N-high", "<N> at 20 nW, 2.5 MHz", "0.16", "", "Main text, L83"),
    Reported("main-1e-fluence", "fluence of Fig. 1e", "0.76", "uJ/cm2", "Main text, L101", True),
    Reported("main-1e-N", "<N> of Fig. 1e", "0.08", "", "Main text, L101"),
    # decays
    Reported("main-tau-lowP", "prompt lifetime, low power", "2.3", "ns", "Main text, L97", True),
    Reported("main-tau-highP", "prompt lifetime, high power", "1.5", "ns", "Main text, L97", True),
    Reported("main-exp-lowP", "exponent of the tail, low power", "1.5", "", "Main text, L98", True),
    Reported(
        "main-exp-highP", "exponent of the tail, high power", "1.7", "", "Main text, L98", True
    ),
    Reported("s3-80pct", "recombined by 3 ns, at least", "80", "%", "Note 3, L613"),
    # measured diffusion and relaxation
    Reported("main-tau-relax", "relaxation time, uncoated", "6", "us", "Main text, L244", True),
    Reported("main-Dmin", "D that can be told from zero", "0.01", "cm2/s", "Main text, L184"),
    Reported("main-D-inf", "D at low power", "0.01", "cm2/s", "Main text, L246", True),
    Reported("main-enh15", "enhancement of D, at most", "15", "", "Main text, L247"),
    Reported("main-D-enhanced", "D at high power", "0.15", "cm2/s", "Main text, L343"),
    Reported("main-tau-AlOx", "relaxation time, AlOx-coated", "10.8", "us", "Main text, L322"),
    # controls
    Reported("main-Tdep", "temperature of the largest D", "150", "K", "Main text, L211", True),
    # heat, main text
    Reported("main-fluence-typ", "typical fluence", "0.1", "uJ/cm2", "Main text, L195", True),
    Reported("main-dT", "temperature step, less than", "0.01", "K", "Main text, L196"),
    Reported(
        "main-kirschner-ratio", "fluence for 100 K over ours", "1e4", "", "Main text, L199", True
    ),
    Reported("main-kirschner-dT", "heating seen by X-rays", "100", "K", "Main text, L201", True),
    # the model, main text
    Reported("main-l", "lattice spacing", "10", "nm", "Main text, L278", True),
    Reported("main-k-slow", "hop rate to a slow site", "0.006", "ps-1", "Main text, L289"),
    Reported("main-k-fast", "hop rate to a fast site", "0.7", "ps-1", "Main text, L289"),
    Reported("main-tau-ex", "exciton lifetime", "2.5", "ns", "Main text, L292"),
    Reported("main-k-relax", "relaxation time of a site", "8.1", "us", "Main text, L300"),
    Reported("main-Dsim-time", "time at which D_sim is read", "1", "ns", "Main text, L311"),
    # the model, Note 2
    Reported("s2-lattice", "sites along an edge", "1000", "", "Note 2, L467"),
    Reported("s2-l", "lattice spacing", "10", "nm", "Note 2, L468"),
    Reported("s2-tau-relax", "relaxation time of a site", "8.1", "us", "Note 2, L472"),
    Reported("s2-tau-ex", "exciton lifetime", "2.5", "ns", "Note 2, L476"),
    Reported("s2-sigma", "standard deviation of the spot", "10.62", "sites", "Note 2, L488-489"),
    Reported("s2-fwhm", "FWHM of the spot", "250", "nm", "Note 2, L489"),
    Reported("s2-step", "time step", "1", "ps", "Note 2, L494"),
    Reported("s2-P-fast", "hop probability, modified site", "0.7", "", "Note 2, L499"),
    Reported("s2-P-slow", "hop probability, ground site", "6e-3", "", "Note 2, L499"),
    Reported("s2-Pdecay", "decay probability per step", "4e-4", "", "Note 2, L501"),
    Reported("s2-1000pulses", "pulses per condition", "1000", "", "Note 2, L511"),
    Reported("s2-record", "steps between records", "50", "", "Note 2, L512"),
    # excitation density, Note 6
    Reported("s6-spot", "laser spot, FWHM", "500", "nm", "Note 6, L643-644"),
    Reported("s6-throughput", "throughput", "37.4", "%", "Note 6, L646"),
    Reported("s6-Psurf", "power at the sample for 1 nW", "0.37", "nW", "Note 6, L648"),
    Reported("s6-I", "intensity for 1 nW", "0.19", "W/cm2", "Note 6, L653"),
    Reported("s6-F", "fluence for 1 nW, 2.5 MHz", "0.076", "uJ/cm2", "Note 6, L666"),
    Reported(
        "s6-eps-coef",
        "molar absorptivity per volume",
        "0.0242",
        "cm-1 uM-1 nm-3",
        "Note 6, L671",
    ),
    Reported("s6-eps", "molar absorptivity", "1.38e7", "cm-1 M-1", "Note 6, L676"),
    Reported("s6-sigma-abs", "absorption cross section", "5.29e-14", "cm2", "Note 6, L684"),
    Reported("s6-Nav", "<N> for 1 nW, 2.5 MHz", "0.0082", "", "Note 6, L703"),
    # simulated data, Note 7
    Reported("s7-fwhm", "FWHM of the simulated spot", "600", "nm", "Note 7, L806-809"),
    Reported("s7-D", "D of the simulated data", "0.01", "cm2/s", "Note 7, L808"),
    Reported("s7-A", "area of the simulated signal", "2e5", "counts nm", "Note 7, L828"),
    Reported("s7-recover", "D recovered from the simulated data", "0.01", "cm2/s", "Note 7, L861"),
    # heat, Note 8
    Reported("s8-dTmax", "largest temperature step", "0.01", "K", "Note 8, L908", True),
    # the coated sample, Note 10
    Reported("s10-tau", "relaxation time, AlOx-coated", "10.8", "us", "Note 10, L934-938"),
)

REPORTED: Mapping[str, Reported] = MappingProxyType({one.claim: one for one in _PRINTED})
"""What the paper prints, by the id of the claim."""
