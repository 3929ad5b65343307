"""The model in the page: the same numbers as the package gives, to any reader, in time."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from bs4 import BeautifulSoup
from numpy.random import SeedSequence

from conftest import HTML, load_tool, watch
from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.kmc import (
    ExcitonModel,
    LatticeEdgeError,
    PulseTrain,
    Recording,
    diffusivity,
    engine,
    pulse_train,
    simulate,
)
from tptools.kmc.model import check_spot_fits
from tptools.kmc.records import allocate
from tptools.kmc.simulate import _fresh, _rules, _spot

NAME = "book/explorer.html"
RECORDING = Recording(interval_ps=1000, until_ns=1)
SEEDS = (1, 2, 2**40 + 7)
SOON_MS = 3000

# What is asked of the scripts, beside the page.
LAB = """
const engineOf = async told =>
    new Engine(await WebAssembly.compile(
        Uint8Array.from(atob(told.module.code), one => one.charCodeAt(0))), told.module);
const plain = one => JSON.parse(JSON.stringify(one, (_, value) =>
    typeof value === "bigint" ? String(value) : ArrayBuffer.isView(value) ? [...value] :
    Object.is(value, -0) ? "-0" : value === -Infinity ? "-Infinity" : value));
const digestOf = async arrays => {
    const bytes = await new Blob(arrays).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return [...digest].map(byte => byte.toString(16).padStart(2, "0")).join("");
};
async function stateAfter({told, model, laser, seed, pulses}) {
    const run = new Run(await engineOf(told), model,
        pulseTrain(laser, told.optics, model.lattice_spacing_nm), seed, told.spawn_keys);
    const [train] = run.trains;
    run.advance(train, pulses);
    const { lattice, modified, counters, random } = train.state;
    const modifiedNow = modified.view.slice(0, Number(counters.view[3]));
    const sums = Object.values(train.record).filter(one => one.view).map(one => one.view);
    const parts = [lattice.view, modifiedNow, counters.view, random.view, ...sums];
    return { hex: await digestOf(parts), bytes: run.engine.memory.buffer.byteLength };
}
window.lab = { generateState: (...all) => plain(generateState(...all)),
    pulseTrain, burnIn, refusal, rules: (...all) => plain(rules(...all)),
    digests: (...all) => Promise.all(Object.values(spot(...all)).map(one => digestOf([one]))),
    stateAfter, round: one => String(round(one)),
    withError, logTicks, toQuery, fromQuery,
    ladders: () => SLIDERS.map(({ name, range }) => [name, ...range,
        [...Array(121).keys()].map(i => valueAt(i, range)).map(v => [v, positionOf(v, range)])]) };
"""


@pytest.fixture(scope="module")
def told(built) -> dict:
    """Return what the built page is told."""
    soup = BeautifulSoup((HTML / NAME).read_text(), "html.parser")
    return json.loads(soup.select_one("#explorer-settings").get_text())


@pytest.fixture(scope="module")
def lab(context, site, told):
    """Return a function that calls the scripts with arguments, in a page that is not the book's."""
    scripts = load_tool("explorer").bundle("engine.js", "run.js", "controls.js", "chart.js")
    page = context.new_page()
    page.goto(f"{site}/_static/companion.css")
    page.add_script_tag(content=f"{{\n{scripts}\n{LAB}}}")
    yield lambda name, *given: page.evaluate(f"given => lab.{name}(...given)", list(given))
    page.close()


def open_explorer(context, address: str):
    """Open the page, and wait for its first picture."""
    visit = watch(NAME, context.new_page())
    visit.page.goto(address)
    visit.page.wait_for_function("document.getElementById('explorer').dataset.frames > 0")
    return visit


@pytest.fixture(scope="module")
def visit(context, built):
    """Open the page from its folder, without a server."""
    visit = open_explorer(context, f"{built.as_uri()}/{NAME}")
    yield visit
    assert visit.faults == []
    visit.page.close()


def wait(visit, condition: str, timeout: float = SOON_MS) -> None:
    """Wait until the data of the explorer meet a condition, for at most as long as promised."""
    visit.page.wait_for_function(
        f"() => {{ const data = document.getElementById('explorer').dataset; return {condition} }}",
        timeout=timeout,
    )


def data(visit) -> dict[str, str]:
    """Return what the explorer says of its run."""
    return visit.page.evaluate("() => ({...document.getElementById('explorer').dataset})")


# The arithmetic


def test_streams_of_chance_are_numpys(lab):
    """A seed of any size and a key give the numbers of SeedSequence."""
    rng = np.random.default_rng(1)
    for seed in (0, 1, 2**32, 2**53 - 1, *rng.integers(2**50, size=5).tolist()):
        key = rng.integers(2**32, size=8).tolist()
        wanted = SeedSequence(seed, spawn_key=key).generate_state(4, np.uint64)
        assert lab("generateState", seed, key, 4) == [str(one) for one in wanted]


def random_conditions(n: int) -> list[tuple[ExcitonModel, Excitation]]:
    """Return films and lasers of all kinds."""
    rng, found = np.random.default_rng(2), []
    for _ in range(n):
        low, high, traps, q, killing = rng.random(5).tolist()
        model = ExcitonModel(
            0.3 * low,
            high,
            lifetime_ns=rng.uniform(0.1, 9),
            relaxation_time_us=10 ** rng.uniform(-2, 2),
            lattice_spacing_nm=rng.uniform(8, 14),
            lattice_size=int(rng.integers(257, 300)),
            hop_rule=rng.choice(["chosen_neighbour", "each_neighbour"]).item(),
            trap_rate_per_ps=rng.choice([0.0, traps]),
            trap_time_minimum_ns=rng.uniform(0.1, 3),
            trap_exponent=rng.uniform(0.3, 2),
            modification_probability=rng.choice([1.0, q]),
            annihilation_rate_per_ps=rng.choice([0.0, killing]),
        )
        laser = Excitation(
            10 ** rng.uniform(-2, 1.5), 10 ** rng.uniform(-1, 2), rng.uniform(200, 600)
        )
        found.append((model, laser))
    return found


def test_constants_are_those_of_the_package_to_the_bit(lab, told):
    """Random films and lasers give the same pulses, burn-in and rules, or are refused."""
    refused = 0
    for model, laser in random_conditions(40):
        made = lab("pulseTrain", asdict(laser), told["optics"], model.lattice_spacing_nm)
        reason = lab("refusal", asdict(model), made)
        try:
            pulses = pulse_train(laser, n_pulses=1, lattice_spacing_nm=model.lattice_spacing_nm)
            check_spot_fits(model, pulses)
        except ValueError:
            refused += 1
            assert reason
            continue
        assert not reason
        assert made == {name: getattr(pulses, name) for name in made}
        assert lab("burnIn", asdict(model), made) == pulses.burn_in(model)
        rules = lab("rules", asdict(model), made)
        assert rules.keys() == set(engine.Rules._fields)
        for name, wanted in _rules(model, pulses)._asdict().items():
            assert np.array_equal(np.array(rules[name], np.asarray(wanted).dtype), wanted), name
    assert 0 < refused < 20


@pytest.mark.parametrize("density", [1e-4, 0.02, 0.9])
def test_spot_is_that_of_the_package(lab, density):
    """Sites are the same in the same order; probabilities to the bit by the C library's exp.

    NumPy's own exp depends on the processor in its last place.
    """
    model, pulses = ExcitonModel(lattice_size=257), PulseTrain(density, 1.0, spot_sigma_sites=19.7)
    wanted, found = _spot(model, pulses), lab("digests", asdict(model), asdict(pulses))
    row, column = np.divmod(wanted.sites, 259)
    r2 = (row - 129) ** 2 + (column - 129) ** 2
    by_library = np.array([density * math.exp(-one / (2 * 19.7**2)) for one in r2.tolist()])
    assert found == [hashlib.sha256(one).hexdigest() for one in (wanted.sites, by_library)]
    np.testing.assert_allclose(by_library, wanted.probabilities, rtol=1e-15)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.5, 2.5, 1e9 + 0.5, 2.0**62, 0.1 * 2.0**62, 0.49999])
def test_numbers_are_rounded_as_by_python(lab, value):
    """The even one of two neighbours is taken, and large numbers stay what they are."""
    assert lab("round", value) == str(round(value))


def test_sliders_keep_their_ends_and_places(lab):
    """Each position has a value of its own, from end to end, and is that value's position."""
    for name, low, high, ladder in lab("ladders"):
        values = [value for value, _ in ladder]
        assert (values[0], values[-1]) == (low, high), name
        assert (np.diff(values) > 0).all(), name
        assert [place for _, place in ladder] == list(range(len(ladder))), name


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.01887, 0.00009, "0.018870 ± 0.000090"),
        (0.1, 0.02, "0.100 ± 0.020"),
        (0.0123456, None, "0.0123"),
    ],
)
def test_values_have_the_digits_of_their_errors(lab, value, error, text):
    """Two digits of the error, and as many places of the value."""
    assert lab("withError", value, error) == text


def test_addresses_give_back_what_they_hold_and_nothing_wrong(lab, told):
    """Film and laser come back from their address; what is out of range leaves all as it was."""
    film, laser = told["films"]["c-ALD 4"], told["lasers"]["weak light: 1 nW at 2.5 MHz"]
    here = {"model": told["films"]["OLA/OA"], "laser": told["lasers"]["5 nW at 2.5 MHz"], "seed": 1}
    away = {"model": film, "laser": laser, "seed": 123456789}
    assert lab("fromQuery", lab("toQuery", away), here) == away
    wrong = (
        "?power_nW=1e9&relaxation_time_us=&trap_rate_per_ps=-1&hop_rule=none&seed=-3&lifetime_ns=x"
    )
    assert lab("fromQuery", wrong, here) == here


def test_ticks_stand_inside_the_axis(lab):
    """Ticks are 1, 2 and 5 times powers of ten, none outside."""
    assert lab("logTicks", 0.3, 50) == [0.5, 1, 2, 5, 10, 20, 50]


# The runs

OLA, NOTE_2, COATED = (
    replace(FILMS[n].hopping, lattice_size=257) for n in ("OLA/OA", "Note 2", "c-ALD 4")
)
CASES = {
    "rare strong pulses": (OLA, Excitation(10, 0.5), 3),
    "frequent weak pulses": (OLA, Excitation(5, 40), 60),
    "one chosen neighbour": (NOTE_2, Excitation(5, 2.5), 12),
    "no traps": (replace(NOTE_2, trap_rate_per_ps=0.0), Excitation(2, 10), 40),
    "many traps": (replace(OLA, trap_rate_per_ps=5e-3), Excitation(5, 2.5), 12),
    "annihilation": (replace(OLA, annihilation_rate_per_ps=0.5), Excitation(15, 2.5), 6),
    "few visits modify": (replace(OLA, modification_probability=0.1), Excitation(5, 2.5), 10),
    "wide spacing, narrow spot": (COATED, Excitation(5, 5, 300), 12),
}


@pytest.mark.parametrize("case", CASES)
def test_state_is_that_of_numba(lab, told, case):
    """Lattice, lists, counters, stream and all sums of a train hash as after the same pulses."""
    model, laser, n_pulses = CASES[case]
    pulses = pulse_train(laser, n_pulses=n_pulses, lattice_spacing_nm=model.lattice_spacing_nm)
    rules, spot = _rules(model, pulses), _spot(model, pulses)
    given = {"told": told, "model": asdict(model), "laser": asdict(laser), "pulses": n_pulses}
    for seed in SEEDS:
        state, record = _fresh(model, [(rules, spot)], seed, 0), allocate(model, RECORDING)
        engine.run_pulses(rules, spot, state, record, True, n_pulses, engine.NEVER)
        modified = state.modified[: state.counters[3]]
        parts = [state.lattice, modified, state.counters, state.random]
        parts += [one for one in record if isinstance(one, np.ndarray)]
        assert record.created[0] > 10
        wanted = hashlib.sha256(b"".join(one.tobytes() for one in parts)).hexdigest()
        found = lab("stateAfter", given | {"seed": seed})
        assert found["hex"] == wanted
        assert found["bytes"] < 5e6


def test_call_that_is_copied_repeats_the_run(visit):
    """The Python that the page shows gives the page's diffusivity and error, to all digits."""
    wait(visit, "data.nPulses > 5")
    visit.page.get_by_role("button", name="Pause").click()
    said, call = data(visit), visit.page.locator("[data-name=call]").text_content()
    names: dict = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(call, names)
    D = diffusivity(names["run"])
    assert names["pulses"].n_pulses == int(said["nPulses"])
    np.testing.assert_allclose(
        [float(said["value"]), float(said["stdErr"])], [D.value, D.std_err], rtol=1e-10
    )
    assert str(D) in printed.getvalue()
    visit.page.get_by_role("button", name="Go on").click()


def test_diffusivity_is_that_of_other_runs(visit):
    """The page's D is within errors of a simulation with another seed and a larger lattice."""
    wait(visit, "data.nPulses > 20")
    said = data(visit)
    run = simulate(FILMS["OLA/OA"].hopping, pulse_train(Excitation(5, 2.5), 60), seed=9, n_trains=8)
    other = diffusivity(run)
    error = np.hypot(other.std_err, float(said["stdErr"]))
    assert abs(other.value - float(said["value"])) < 4 * error


# The page


def test_page_is_small(built):
    """The page has less than 400 kB, module and all."""
    assert (built / NAME).stat().st_size < 400e3


def test_first_picture_comes_within_a_second(context, built):
    """From a folder the lattice is drawn a second after the page was asked for."""
    # another browser may be at work on this machine: the best of five
    for _ in range(5):
        page = open_explorer(context, f"{built.as_uri()}/{NAME}").page
        took = page.evaluate("performance.getEntriesByName('first picture')[0].startTime")
        page.close()
        if took < 1000:
            return
    pytest.fail(f"the first picture came after {took:.0f} ms")


def test_each_slider_moves_the_run_soon(visit):
    """A key on any slider changes its spoken value, and gives a new picture and point in 3 s."""
    sliders = visit.page.locator("#explorer input[type=range]")
    assert sliders.count() == 8
    for slider in sliders.all():
        before, spoken = data(visit), slider.get_attribute("aria-valuetext")
        slider.focus()
        visit.page.keyboard.press("ArrowLeft")
        assert slider.get_attribute("aria-valuetext") != spoken
        frames, run = before["frames"], before["run"]
        wait(
            visit,
            f"data.run > {run} && data.frames > {frames} && data.value !== '{before['value']}'",
        )


def test_dragging_never_stalls(visit):
    """While a slider moves, under strong light, the page answers at once, and starts few runs."""
    page, first = visit.page, int(data(visit)["run"])
    page.get_by_label("Preset").first.select_option("Fig. S2: 25 nW at 5 MHz")
    page.evaluate(
        """() => {
            window.longest = 0;
            let last = performance.now();
            window.clock = setInterval(() => {
                window.longest = Math.max(window.longest, performance.now() - last);
                last = performance.now();
            }, 10);
        }"""
    )
    slider = page.get_by_label("Spot, full width")
    for _ in range(30):
        slider.press("ArrowLeft")
    wait(visit, f"data.run > {first}")
    assert page.evaluate("() => { clearInterval(clock); return longest }") < 400
    assert int(data(visit)["run"]) - first < 25


def test_listeners_are_told(visit):
    """The live region speaks of D, and lattice and chart are pictures with a text."""
    status = visit.page.get_by_role("status")
    visit.page.get_by_label("Laser power").press("ArrowLeft")
    visit.page.wait_for_function(
        "() => /D/.test(document.querySelector('#explorer [role=status]').textContent)"
    )
    assert "cm²/s" in status.inner_text()
    pictures = visit.page.locator("#explorer [role=img]")
    texts = [one.get_attribute("aria-label") for one in pictures.all()]
    assert "nanocrystals remember" in texts[0]
    assert "cm²/s" in texts[1]


def test_keys_pass_from_top_to_bottom(visit):
    """Tab reaches what can be turned in the order in which it is seen."""
    visit.page.locator("#explorer input[type=radio]:checked").focus()
    names = []
    for _ in range(14):
        visit.page.keyboard.press("Tab")
        names.append(visit.page.evaluate("document.activeElement.dataset.name"))
    buttons = ["play", "curve", "again", "clear", "link"]
    laser = ["preset", "power_nW", "rep_rate_MHz", "spot_fwhm_nm"]
    film = ["film", "hop_rule", "relaxation_time_us", "modification_probability"]
    assert names == [*buttons, *laser, *film, "hop_rate_ground_per_ps"]


def test_nothing_moves_for_who_wants_no_motion(visit, browser, built):
    """With less motion asked for, pictures are seconds apart; without, they follow each other."""
    wait(visit, "data.run > 0", 10 * SOON_MS)
    page, before = visit.page, data(visit)
    page.get_by_label("Laser power").press("ArrowLeft")
    wait(visit, f"data.run > {before['run']} && data.nPulses > 0", 10 * SOON_MS)
    frames = int(data(visit)["frames"])
    page.wait_for_timeout(600)
    assert int(data(visit)["frames"]) <= frames + 1
    moving = browser.new_context(reduced_motion="no-preference")
    other = open_explorer(moving, f"{built.as_uri()}/{NAME}")
    wait(other, "data.frames > 6", 10 * SOON_MS)
    other.page.get_by_role("button", name="Pause").click()
    moving.close()


def test_link_holds_film_laser_and_seed(visit, context, built):
    """The page that a link leads to runs the same, to the last digit."""
    visit.page.get_by_label("Preset").nth(1).select_option("c-ALD 4")
    visit.page.get_by_label("Laser power").press("ArrowRight")
    visit.page.get_by_role("button", name="Another seed").click()
    address = visit.page.locator("[data-name=link]").evaluate("one => one.href")
    other = open_explorer(context, address)
    for one in (visit, other):
        wait(one, "data.nPulses > 0", 10 * SOON_MS)
    calls = [v.page.locator("[data-name=call]").text_content() for v in (visit, other)]
    seeds = [call.partition("n_pulses")[0] + call.partition("seed=")[2] for call in calls]
    assert seeds[0] == seeds[1]
    assert f"relaxation_time_us={COATED.relaxation_time_us}" in calls[0]
    other.page.close()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("power_nW=25&rep_rate_MHz=0.5&spot_fwhm_nm=250", "more than one photon"),
        ("hop_rate_ground_per_ps=0.5&hop_rate_modified_per_ps=1&lifetime_ns=6", "reached the edge"),
    ],
)
def test_reader_is_told_why_a_run_stops(context, built, query, words):
    """What the model leaves out, and an exciton at the edge, are said; no number stays."""
    visit = open_or_stopped(context, f"{built.as_uri()}/{NAME}?{query}")
    visit.page.wait_for_function("document.getElementById('explorer').dataset.state === 'stopped'")
    assert words in visit.page.locator("#explorer [role=alert]").inner_text()
    assert visit.page.locator("[data-name=value]").inner_text() == "D = –"
    assert visit.faults == []
    visit.page.close()


def open_or_stopped(context, address: str):
    """Open the page, which may draw no picture."""
    visit = watch(NAME, context.new_page())
    visit.page.goto(address)
    return visit


def test_edge_of_the_page_is_an_edge_of_the_package():
    """The film that reaches the edge in the page does so in the package."""
    model = replace(OLA, hop_rate_ground_per_ps=0.5, hop_rate_modified_per_ps=1.0, lifetime_ns=6.0)
    with pytest.raises(LatticeEdgeError):
        simulate(model, pulse_train(Excitation(5, 2.5), 300), seed=1, recording=RECORDING)


@pytest.mark.parametrize("lacking", ["JavaScript", "WebAssembly", "a screen"])
def test_a_sentence_and_a_figure_stand_in(browser, built, lacking):
    """Who cannot run it, or prints it, reads what it would be, and sees a figure."""
    context = browser.new_context(java_script_enabled=lacking != "JavaScript")
    page = context.new_page()
    if lacking == "WebAssembly":
        page.add_init_script("delete window.WebAssembly")
    page.goto(f"{built.as_uri()}/{NAME}")
    if lacking == "a screen":
        page.emulate_media(media="print")
    assert page.get_by_text("Here runs the simulation itself").is_visible()
    assert not page.locator("#explorer").is_visible()
    assert page.locator("#fig-explorer img").is_visible()
    context.close()
