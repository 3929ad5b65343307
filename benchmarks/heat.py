"""Speed of `tptools.heat` against FiPy and NumPy on the same cylinder, at no larger error."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row, paired
from tptools.heat import HeatedFilm, centre_temperature, explicit, stable_step_ns, temperature

FILM = HeatedFilm(radius_um=5, thickness_nm=35, thermal_diffusivity_m2_s=1e-7)
TIMES_NS = np.geomspace(0.01, 2000, 200)
CELLS = (200, 20)
MARCH_NS = 10.0


def by_fipy() -> NDArray[np.float64]:
    """Temperature of the cell next to the centre, by one implicit step to each time."""
    os.environ.setdefault("FIPY_SOLVERS", "scipy")
    from fipy import CellVariable, CylindricalGrid2D, DiffusionTerm, TransientTerm

    # lengths in um and times in ns keep the matrix near one
    steps_um = 1e-3 * np.array([1e3 * FILM.radius_um / CELLS[0], FILM.thickness_nm / CELLS[1]])
    mesh = CylindricalGrid2D(nr=CELLS[0], nz=CELLS[1], dr=steps_um[0], dz=steps_um[1])
    r_um, z_um = mesh.cellCenters.value
    start = np.exp(-((1e-6 * r_um / FILM.spot_sigma_m) ** 2) / 2)
    start *= np.exp(-1e3 * z_um / FILM.absorption_length_nm)
    theta = CellVariable(mesh=mesh, value=start)
    equation = TransientTerm() == DiffusionTerm(coeff=1e3 * FILM.thermal_diffusivity_m2_s)
    found = []
    for step_ns in np.diff(TIMES_NS, prepend=0):
        equation.solve(var=theta, dt=step_ns)
        found.append(theta.value[0])
    return np.array(found)


def next_to_centre() -> NDArray[np.float64]:
    """Closed form at the centre of the cell whose temperature FiPy gives."""
    # twice as many cells put nodes where the cells have their centres
    cells = 2 * CELLS[0], 2 * CELLS[1]
    return temperature(FILM, TIMES_NS, cells=cells).isel(r_um=1, z_nm=1).to_numpy()


def in_numpy(n_steps: int, step_s: float) -> NDArray[np.float64]:
    """Take the steps of the explicit method as array operations."""
    r_um, z_nm = explicit.nodes(FILM.radius_um, FILM.thickness_nm, CELLS)
    inner, outer = explicit._radial_weights(FILM, CELLS)
    inward, outward = step_s * inner[1:], step_s * outer[:-1]
    vertical = step_s * explicit._axial_weight(FILM, CELLS)
    spot = np.exp(-((1e-6 * r_um / FILM.spot_sigma_m) ** 2) / 2)
    now = np.outer(np.exp(-z_nm / FILM.absorption_length_nm), spot)
    for _ in range(n_steps):
        along_r, along_z = np.diff(now, axis=1), vertical * np.diff(now, axis=0)
        now[:, :-1] += outward * along_r
        now[:, 1:] -= inward * along_r
        # the outermost layers are half as thick
        now[1:-1] += along_z[1:] - along_z[:-1]
        now[0] += 2 * along_z[0]
        now[-1] -= 2 * along_z[-1]
    return now


def against_fipy() -> Iterator[Row]:
    """The closed form, at 200 times from 10 ps to 2 us."""
    truth = centre_temperature(FILM, TIMES_NS, accuracy=1e-9).to_numpy()
    ours_error = np.abs(centre_temperature(FILM, TIMES_NS).to_numpy() - truth).max()
    their_error = np.abs(by_fipy() - next_to_centre()).max()
    if not ours_error <= min(their_error, 1e-6):
        raise AssertionError(f"errors {ours_error:.1e}, of FiPy {their_error:.1e}")
    ours, other, ratio = paired(
        lambda: _timed(lambda: centre_temperature(FILM, TIMES_NS)), lambda: _timed(by_fipy)
    )
    yield Row("FiPy, heat at 200 times", _ms(ours), _ms(other), ratio, 50)
    yield Row("a tenth of a second", _ms(ours), _ms(0.1), 0.1 / ours, 1)


def against_numpy() -> Iterator[Row]:
    """The explicit method, the same steps on the same grid."""
    step_ns = stable_step_ns(FILM, CELLS) / 2
    n_steps = math.ceil(MARCH_NS / step_ns)

    def ours() -> NDArray[np.float64]:
        return explicit.march(FILM, np.array([1e-9 * MARCH_NS]), CELLS, step_ns)[0].T

    def other() -> NDArray[np.float64]:
        return in_numpy(n_steps, 1e-9 * MARCH_NS / n_steps)

    difference = np.abs(ours() - other()).max()
    if difference > 1e-12:
        raise AssertionError(f"the two explicit methods differ by {difference:.1e}")
    mine, theirs, ratio = paired(lambda: _timed(ours), lambda: _timed(other))
    yield Row("NumPy, explicit heat to 10 ns", _ms(mine), _ms(theirs), ratio, 10)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"


def rows() -> Iterator[Row]:
    """Every comparison."""
    yield from against_fipy()
    yield from against_numpy()
