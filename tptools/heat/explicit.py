r"""A film that keeps its heat, by explicit finite differences: the method of Note 8.

The nodes lie at :math:`r_i = i h_r` and :math:`z_j = j h_z`, the outermost ones on the walls. Each
stands for the ring that reaches half a step to all sides, and gains what its neighbours lose, so
that the heat is conserved to rounding. One step in time is one step of Euler's method.
"""

import math

import numpy as np
import scipy

from tptools.arrays import FloatArray
from tptools.checks import check_fits, check_integer, check_number, check_type
from tptools.compiled import compiled_in_place
from tptools.heat.model import HeatedFilm

MOST_CELLS = 100_000
_COMFORT = 0.5  # of the longest stable step


def check_cells(cells: tuple[int, int]) -> tuple[int, int]:
    """Refuse what is no number of steps along r and z, and return plain ones."""
    check_type("cells", cells, tuple, list, remedy="give (200, 20)")
    if len(cells) != 2:
        raise ValueError(f"cells = {cells!r} must be two integers: steps along r and along z")
    along_r, along_z = (
        check_integer(f"cells[{i}]", one, at_least=2, below=MOST_CELLS)
        for i, one in enumerate(cells)
    )
    return along_r, along_z


def nodes(
    radius_um: float, thickness_nm: float, cells: tuple[int, int]
) -> tuple[FloatArray, FloatArray]:
    """Radii in µm and depths in nm of the nodes, one more than `cells` along each."""
    return np.linspace(0, radius_um, cells[0] + 1), np.linspace(0, thickness_nm, cells[1] + 1)


def stable_step_ns(film: HeatedFilm, cells: tuple[int, int]) -> float:
    """Longest step at which no error grows, in ns.

    Euler's method is stable up to 2 over the largest eigenvalue of the differences.

    Parameters
    ----------
    film : HeatedFilm
        Of finite radius, without a substrate.
    cells : tuple of int
        Steps of the grid along r and z.

    Returns
    -------
    float
        In ns.

    Raises
    ------
    ValueError
        If the film has no end or lies on a substrate, or `cells` are not two integers above 1.

    Examples
    --------
    >>> f"{stable_step_ns(HeatedFilm(5, 35, 1e-7), (200, 20)):.4f}"
    '0.0152'
    """
    check_type("film", film, HeatedFilm)
    cells = check_cells(cells)
    if film.substrate is not None or math.isinf(film.radius_um):
        raise ValueError(
            "explicit differences need a film of finite radius without a substrate; "
            "take method = 'exact'"
        )
    inner, outer = _radial_weights(film, cells)
    # rows scaled by the volumes of the rings make the matrix symmetric
    coupling = np.sqrt(outer[:-1] * inner[1:])
    (along_r,) = scipy.linalg.eigvalsh_tridiagonal(-(inner + outer), coupling, "i", (0, 0))
    along_z = -4 * _axial_weight(film, cells)
    return -2e9 / (along_r + along_z)


def march(
    film: HeatedFilm, times_s: FloatArray, cells: tuple[int, int], step_ns: float | None = None
) -> FloatArray:
    """Temperature at the nodes, of shape (time, r, z)."""
    cells = check_cells(cells)
    longest = stable_step_ns(film, cells)
    if step_ns is None:
        step_ns = _COMFORT * longest
    step_ns = check_number("step_ns", step_ns, above=0)
    if step_ns > longest:
        raise ValueError(
            f"step_ns = {step_ns!r} is unstable on {cells[0]} x {cells[1]} cells; "
            f"take at most {longest:.4g} ns"
        )
    r_um, z_nm = nodes(film.radius_um, film.thickness_nm, cells)
    what = f"{times_s.size} times_ns of cells = {cells}"
    check_fits(what, 8 * (times_s.size + 2) * r_um.size * z_nm.size, "give fewer")
    radial = np.exp(-((1e-6 * r_um / film.spot_sigma_m) ** 2) / 2)
    # z runs over rows: the loop over the longer direction is the inner one
    now = np.outer(np.exp(-z_nm / film.absorption_length_nm), radial)
    records = np.empty((times_s.size, *now.shape))
    work = np.empty_like(now)
    inner, outer = _radial_weights(film, cells)
    axial = _axial_weight(film, cells)
    passed = 0.0
    for index, time in enumerate(times_s):
        # equal steps end exactly at the time that is asked for
        n_steps = math.ceil((time - passed) * 1e9 / step_ns)
        if n_steps:
            step_s = (time - passed) / n_steps
            _steps(now, work, step_s * inner, step_s * outer, step_s * axial, n_steps)
        records[index], passed = now, time
    return records.swapaxes(1, 2)


def _radial_weights(film: HeatedFilm, cells: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Rates in 1/s at which each ring exchanges heat with the next inner and outer one."""
    step = 1e-6 * film.radius_um / cells[0]
    walls = np.arange(cells[0]) + 0.5
    edges = np.concatenate([[0.0], walls, [float(cells[0])]])
    volumes = np.diff(edges**2) / 2
    scale = film.thermal_diffusivity_m2_s / step**2
    inner = np.concatenate([[0.0], walls]) / volumes * scale
    outer = np.concatenate([walls, [0.0]]) / volumes * scale
    return inner, outer


def _axial_weight(film: HeatedFilm, cells: tuple[int, int]) -> float:
    return film.thermal_diffusivity_m2_s / (1e-9 * film.thickness_nm / cells[1]) ** 2


@compiled_in_place
def _steps(
    field: FloatArray,
    work: FloatArray,
    inward: FloatArray,
    outward: FloatArray,
    vertical: float,
    n_steps: int,
) -> None:
    """Advance `field`, of shape (z, r), in place, by steps whose shares of heat are given."""
    last_z, last_r = field.shape[0] - 1, field.shape[1] - 1
    now, new = field, work
    for _ in range(n_steps):
        for j in range(last_z + 1):
            # a mirror beyond the walls: the outermost layers are half as thick
            here, above, below = now[j], now[abs(j - 1)], now[last_z - abs(last_z - j - 1)]
            into = new[j]
            for i in range(1, last_r):
                into[i] = (
                    here[i]
                    + inward[i] * (here[i - 1] - here[i])
                    + outward[i] * (here[i + 1] - here[i])
                    + vertical * (above[i] - 2 * here[i] + below[i])
                )
            for i, beside, weight in ((0, 1, outward[0]), (last_r, last_r - 1, inward[last_r])):
                gain = vertical * (above[i] - 2 * here[i] + below[i])
                into[i] = here[i] + weight * (here[beside] - here[i]) + gain
        now, new = new, now
    if n_steps % 2:
        for j in range(last_z + 1):
            for i in range(last_r + 1):
                field[j, i] = work[j, i]
