"""The sample-threshold page as a script: what it answers, what stands in its address, where its rates come from."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from malaria.cli import app as cli
from malaria.errors import SampleError
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.model import classifier as model
from malaria.sample import CellRates, MeasuredRate, ScoredCells, least_cost, limit_of_detection, sample_rule
from malaria.sample.scores import Scores
from malaria.ui.parts import links
from malaria.ui.parts.frame import ROOT
from malaria.ui.sample import answer
from malaria.ui.sample.inputs import Inputs, from_address, to_address
from malaria.ui.sample.page import SECTIONS
from malaria.ui.sample.text import SOURCES, write_background
from malaria.wording.numbers import interval, percent, round_figures

RATES = {"n": "1000", "sens": "0.947", "fpr": "0.028", "rho": "0.003"}


def start(**query: str) -> AppTest:
    """Open the page as its address would."""
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=120)
    app.switch_page(links.SAMPLE)
    app.query_params.update(query)
    app.run()
    assert not app.exception
    assert not app.error
    return app


def said(app: AppTest) -> str:
    """The answer: the sentence that a screen reader reads out."""
    bodies = [html.proto.body for html in app.get("html")]
    return next(re.sub("<.*?>", "", body) for body in bodies if 'role="status"' in body)


def sentences(app: AppTest) -> str:
    return "\n".join(str(element.value) for kind in ("markdown", "caption", "warning") for element in app.get(kind))


def address(app: AppTest, name: str) -> str:
    value = app.query_params[name]
    return value[0] if isinstance(value, list) else value


def cells(patients: int = 30, healthy: int = 8, seed: int = 0) -> pd.DataFrame:
    """Made-up held-out cells: good scores, one label in fifty re-read differently."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), 60)
    infected = (rng.random(patient.size) < 0.5) & (patient >= healthy)
    log_odds = rng.normal(np.where(infected, 4, -4), 2)
    given = np.where(rng.random(patient.size) < 0.02, ~infected, infected) & (patient >= healthy)
    names = {True: PARASITIZED, False: UNINFECTED}
    return pd.DataFrame(
        {
            "patient": [f"p{number}" for number in patient],
            "given_label": [names[bool(value)] for value in given],
            "expert_label": [names[bool(value)] for value in infected],
            "p_parasitized": 1 / (1 + np.exp(-log_odds)),
        }
    )


@pytest.fixture(autouse=True)
def scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pd.DataFrame]:
    """The shipped model, with held-out scores of made-up cells beside it."""
    table = cells()
    name = model.DEFAULT_MODEL
    (tmp_path / name).mkdir()
    for file in (model.MODELS_DIR / name).glob("*"):
        if file.is_file() and not file.name.startswith("held_out"):
            (tmp_path / name / file.name).symlink_to(file)
    answers = table.rename(columns={"expert_label": "label"}).assign(file=[f"{row}.png" for row in table.index])
    answers.to_csv(tmp_path / name / "held_out.csv", index=False)
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path)
    st.cache_resource.clear()
    yield table
    st.cache_resource.clear()


# The answer


def test_the_address_is_the_calculation() -> None:
    app = start(**RATES)
    assert "With 1,000 cells, call the sample positive at 48 or more flagged cells" in said(app)
    assert "95 % of infections with 4.1 % of cells infected (200,000 parasites per microlitre) are found" in said(app)
    assert {name: address(app, name) for name in RATES} == RATES


def test_missed_is_said_where_it_is_more_often_than_not() -> None:
    app = start(**RATES)
    half = limit_of_detection(48, 1_000, CellRates(0.947, 0.028, 0.003), 0.5)
    assert half is not None
    assert f"below {percent(half, 2)}, most are missed" in said(app)
    assert "missed" not in said(start(**(RATES | {"tspec": "0.4"}))), "half of the healthy ones are called positive"


TABS = {
    "What is found": ["sample-detection"],
    "Trust": ["sample-trust", "sample-roc"],
    "More cells": ["sample-limit-by-cells", "sample-count-by-cells"],
    "Threshold": ["sample-costs", "sample-thresholds"],
    "Estimate": [],
    "Sources' formula": [],
}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_tab_opens_by_its_address_and_alone(section: str) -> None:
    charts = start(section=section).get("plotly_chart")
    drawn = [re.sub(".*(sample-)", r"\1", chart.proto.id) for chart in charts]
    assert drawn == ["sample-distributions", *TABS[section]]
    assert all(chart.proto.alt for chart in charts)


def test_without_an_address_it_starts_from_the_models_own_rates_with_their_uncertainty() -> None:
    app = start()
    assert "call the sample positive at" in said(app)
    assert "the threshold lies between" in sentences(app)
    assert "measured on the held" in sentences(app) or "from the model's card" in sentences(app)
    assert 0 < float(address(app, "fpr")) < float(address(app, "sens")) < 1


def test_every_input_stands_in_the_address() -> None:
    app = start()
    assert {"n", "sens", "fpr", "rho", "tsens", "tspec", "rbc", "p", "prev", "x", "xn", "threshold"} <= set(
        app.query_params
    )


def test_exact_entry_and_slider_are_one_input() -> None:
    app = start(**RATES)
    app.number_input(key="sample.n").set_value(2_345).run()
    assert "With 2,345 cells" in said(app)
    assert address(app, "n") == "2345"
    slider = next(slider for slider in app.select_slider if slider.label == "Red cells read")
    assert slider.value == 2_000
    slider.set_value(5_000).run()
    assert "With 5,000 cells" in said(app)
    assert next(entry.value for entry in app.number_input if entry.label == "Red cells read, exactly") == 5_000


def test_percentages_are_entered_as_such() -> None:
    app = start(**RATES)
    app.number_input(key="sample.fpr").set_value(0.1).run()
    assert address(app, "fpr") == "0.001"
    rule = sample_rule(1_000, CellRates(0.947, 0.001, 0.003))
    assert f"positive at {rule.count_threshold} or more" in said(app)


def test_what_is_out_of_range_in_the_address_is_left_out_and_named() -> None:
    app = start(n="0.5", sens="2", fpr="0.01", rho="x", labels="mine")
    warned = "\n".join(str(warning.value) for warning in app.warning)
    assert all(name in warned.replace("\\", "") for name in ("n=0.5", "sens=2", "rho=x", "labels=mine"))
    assert "With 1,000 cells" in said(app)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"fpr": "1"}, "no sample can be called positive"),
        ({"sens": "0", "fpr": "0.01"}, "No infection, however heavy, is then found often enough"),
        ({"sens": "0.3", "fpr": "0.5", "rho": "0.4"}, "No infection, however heavy"),
        ({"n": "1", "sens": "1", "fpr": "0"}, "With 1 cell, call the sample positive at all flagged"),
        ({"n": "10000000", "sens": "0.98", "fpr": "0.001", "rho": "0.02"}, "With 10,000,000 cells"),
        ({"n": "10000000", "sens": "1", "fpr": "0", "rbc": "1000000"}, "With 10,000,000 cells"),
    ],
)
def test_edges_are_answered_in_a_sentence(query: dict[str, str], expected: str) -> None:
    app = start(**(RATES | query))
    assert expected in said(app)


def test_typed_rates_have_no_interval_and_say_so() -> None:
    app = start(**RATES)
    assert "treated as exact" in sentences(app)


def test_a_link_with_the_numbers_of_cells_carries_the_uncertainty() -> None:
    app = start(**(RATES | {"sens_cells": "4000", "fpr_cells": "4100"}))
    assert "call the sample positive at 48" in said(app)
    assert "the threshold lies between" in sentences(app)


def test_address_and_inputs_are_each_others_inverse() -> None:
    inputs = Inputs(cells=12, sensitivity=0.123456789, kept=0.5, reading="expert", sensitivity_cells=40)
    assert from_address(to_address(inputs), Inputs()) == (inputs, [])


# What rests on it


def test_the_notebooks_numbers_stand_beside_the_right_ones() -> None:
    app = start(n="350", tspec="0.85", sens="1", fpr="0", rho="0", p="0.01", section="Sources' formula")
    text = sentences(app)
    assert "0.991477" in text
    assert "0.999536" in text
    assert "0.8523" in text
    tables = "\n".join(html.proto.body for html in app.get("html"))
    assert "85.23" in tables
    assert "99.9536" in tables


def test_a_real_count_is_estimated() -> None:
    app = start(**RATES, x="0", xn="300", section="Estimate")
    assert "0 flagged of 300 cells: 0 % of cells infected, between 0 % and 1.0" in sentences(app)
    app.number_input(key="sample.xn").set_value(1_000).run()
    app.number_input(key="sample.x").set_value(200).run()
    assert "200 flagged of 1,000 cells: 18.7 % of cells infected" in sentences(app)
    assert (address(app, "x"), address(app, "xn")) == ("200", "1000")


def test_fewer_counted_cells_take_the_flagged_ones_with_them() -> None:
    app = start(**RATES, x="200", xn="1000", section="Estimate")
    app.number_input(key="sample.xn").set_value(50).run()
    assert "50 flagged of 50 cells" in sentences(app)


def test_rates_that_tell_nothing_make_no_estimate_but_a_sentence() -> None:
    app = start(sens="0.1", fpr="0.2", rho="0", section="Estimate")
    assert "exceeds the cell false-positive rate" in sentences(app).replace("\\", "")


def test_review_changes_the_answer() -> None:
    before = start(**RATES)
    after = start(**RATES, kept="0.98", fooled="0.1")
    rule = sample_rule(1_000, CellRates(0.947 * 0.98, 0.0028, 0.003))
    assert f"positive at {rule.count_threshold} or more" in said(after)
    assert said(before) != said(after)
    assert "A person reviews the flagged cells" in sentences(after)
    assert "A person reviews" not in sentences(before)


def test_the_count_that_costs_least_is_shown_and_can_be_answered_with() -> None:
    app = start(**RATES, section="Threshold", p="0.02", prev="0.05", cost="20")
    least = least_cost(1_000, 0.02, CellRates(0.947, 0.028, 0.003), prevalence=0.05, cost_of_missed=20)
    assert f"as much as 20 false alarms, {least.count_threshold} or more flagged cells cost least" in sentences(app)
    assert "every infected person has 2 % of their cells infected" in sentences(app)
    app.button(key="sample-least-cost").click().run()
    assert f"positive at {least.count_threshold} or more" in said(app)
    app.number_input(key="sample.cost").set_value(2).run()
    cheaper = least_cost(1_000, 0.02, CellRates(0.947, 0.028, 0.003), prevalence=0.05, cost_of_missed=2)
    assert f"as much as 2 false alarms, {cheaper.count_threshold} or more" in sentences(app)
    assert cheaper.count_threshold > least.count_threshold
    assert address(app, "cost") == "2"


@pytest.mark.parametrize(("prevalence", "cost"), [("0", "10"), ("1", "10"), ("0.9", "1000000"), ("0.5", "0.001")])
def test_edges_of_the_cost_are_answered_in_a_sentence(prevalence: str, cost: str) -> None:
    app = start(**RATES, section="Threshold", prev=prevalence, cost=cost)
    assert re.search("nothing to decide|costs? least", sentences(app))


def test_the_sources_sizes_of_sample_show_what_they_give() -> None:
    app = start(**RATES, section="Sources' formula")
    assert "99.3 % of samples of 500 cells contain an infected cell. For 99.5 % you need 528 cells" in sentences(app)
    assert "only at 3.68 % or more" in sentences(app)
    app.button(key="sample-preset-500").click().run()
    assert "With 500 cells" in said(app)
    assert (address(app, "n"), address(app, "p"), address(app, "tsens")) == ("500", "0.01", "0.995")
    app.button(key="sample-preset-80").click().run()
    assert "With 80 cells" in said(app)


def test_the_download_is_what_the_command_line_says() -> None:
    inputs, _ = from_address(RATES, Inputs())
    rule = sample_rule(1_000, CellRates(0.947, 0.028, 0.003))
    results = json.loads(json.dumps(answer.collect_results(rule, None, inputs), allow_nan=False))
    assert results["count_threshold"] == 48
    assert results["command"].startswith("python -m malaria sample --cells 1000 --sensitivity 0.947 ")
    ran = CliRunner().invoke(cli, results["command"].split()[3:])
    printed = json.loads(ran.stdout)
    assert printed == {name: results[name] for name in printed}
    assert "least_cost" in printed
    assert results["inputs"]["overdispersion"] == 0.003
    assert {"count_threshold", "limit_of_detection", "notebook", "required_cell_specificity"} <= set(results)


def test_downloads_are_offered_as_csv_and_json() -> None:
    labels = [button.label for button in start(**RATES).get("download_button")]
    assert {"Download as CSV", "Download as JSON"} <= set(labels)


# Where the rates come from


def measured(table: pd.DataFrame, labels: pd.Series) -> ScoredCells:
    infected = (labels == PARASITIZED).to_numpy()
    return ScoredCells(table["p_parasitized"].to_numpy(), infected, table["patient"].to_numpy())


def test_the_threshold_moves_the_rates(scored: pd.DataFrame) -> None:
    app = start(labels="expert", section="Threshold")
    app.number_input(key="sample.threshold").set_value(0.9).run()
    rates = measured(scored, scored["expert_label"]).at(0.9).rates
    assert float(address(app, "sens")) == pytest.approx(rates.sensitivity)
    assert float(address(app, "fpr")) == pytest.approx(rates.false_positive_rate)
    assert float(address(app, "rho")) == pytest.approx(rates.overdispersion)


def test_the_labels_move_the_rates(scored: pd.DataFrame) -> None:
    app = start(section="Threshold")
    undisputed = float(address(app, "fpr"))
    app.selectbox(key="sample.labels").set_value("as_given").run()
    assert float(address(app, "fpr")) > undisputed
    assert float(address(app, "fpr")) == pytest.approx(
        measured(scored, scored["given_label"]).at(0.5).rates.false_positive_rate
    )


def test_the_threshold_with_the_lowest_limit_is_one_click_away(scored: pd.DataFrame) -> None:
    app = start(section="Threshold")
    before = said(app)
    app.button(key="sample-best").click().run()
    assert said(app) != before
    assert float(address(app, "threshold")) > 0.5
    assert app.button(key="sample-best").disabled


def test_typed_rates_are_kept_until_the_measured_ones_are_asked_for(scored: pd.DataFrame) -> None:
    app = start(**RATES)
    assert "typed in" in sentences(app)
    back = next(button for button in app.button if button.label == "Use the measured rates")
    back.click().run()
    assert "measured on the held" in sentences(app)
    assert address(app, "fpr") != RATES["fpr"]


def test_an_overdispersion_of_ones_own_leaves_the_measured_rates_their_uncertainty(scored: pd.DataFrame) -> None:
    app = start(rho="0.01")
    assert "the overdispersion typed in" in sentences(app)
    assert "the threshold lies between" in sentences(app)


def test_held_out_patients_are_decided_by_the_rule(scored: pd.DataFrame) -> None:
    app = start(section="Trust")
    tables = "\n".join(html.proto.body for html in app.get("html"))
    assert "22 of 22" in tables
    assert "of 8" in tables
    assert "This does **not** show that the rule works in a clinic" in sentences(app)


def test_a_model_without_held_out_scores_still_answers(tmp_path: Path) -> None:
    (tmp_path / model.DEFAULT_MODEL / "held_out.csv").unlink()
    app = start(section="Threshold")
    assert "call the sample positive at" in said(app)
    assert "from the model's card" in sentences(app)
    assert "This needs answers for held-out cells" in sentences(app)


def test_without_any_model_it_is_still_a_calculator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path / "none")
    assert "positive at 48 or more" in said(start(**RATES))


def test_a_batch_brings_its_own_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    table = cells(seed=3)
    app = start()
    with monkeypatch.context() as elsewhere:  # as another page of this session does it
        elsewhere.setattr(st, "session_state", app.session_state)
        links.bring_scores(table, "the batch <b>mine</b>")
    app.run()
    assert "measured on the batch" in sentences(app)
    rates = Scores("x", table).at("undisputed", 0.5).rates
    assert float(address(app, "fpr")) == pytest.approx(rates.false_positive_rate)
    next(button for button in app.button if "model's own cells" in button.label).click().run()
    assert "measured on the held" in sentences(app)


def test_a_readers_test_hands_over_its_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, str] = {}
    monkeypatch.setattr(st, "switch_page", lambda page, query_params: asked.update(query_params))
    links.open_sample_with_rates(found=57, infected=60, alarms=3, uninfected=40)
    app = start(**asked)
    assert "entered with their numbers of cells" in sentences(app)
    low, high = MeasuredRate(57, 60).interval()
    assert f"57 of 60 infected cells ({interval(low, high)}) and 3 of 40 uninfected cells" in sentences(app)
    assert "the threshold lies between" in sentences(app)
    app.number_input(key="sample.sens").set_value(90).run()
    assert "treated as exact" in sentences(app), "a typed rate has no cells behind it"


def test_a_batch_of_one_class_is_refused() -> None:
    table = cells()
    with pytest.raises(SampleError, match="both classes"):
        links.bring_scores(table[table["given_label"] == UNINFECTED].drop(columns="expert_label"), "a batch")


# Words


def test_every_source_is_cited_by_number_and_listed() -> None:
    text = "".join(sentences(start(**RATES, section=section)) for section in SECTIONS)
    text += sentences(start(section="Trust"))
    for number, (title, url) in enumerate(SOURCES.values(), 1):
        assert f"{number}. [{title}]({url})" in text
        assert f"[[{number}]]({url})" in text


def test_the_background_follows_the_red_cell_count() -> None:
    assert "one\ninfected cell in 25,000" in write_background(5_000_000)
    assert "74,892" in write_background(5_000_000)
    assert "infected cell in 10,000" in write_background(2_000_000)


@pytest.mark.parametrize(
    ("share", "written"), [(0.02219, "2.22 %"), (0.5, "50 %"), (4e-7, "0.00004 %"), (1.0, "100 %"), (0.0, "0 %")]
)
def test_percentages_are_written_without_exponents(share: float, written: str) -> None:
    assert percent(share) == written


@pytest.mark.parametrize(("number", "written"), [(93_960, 94_000), (202_519, 200_000), (15.4, 15), (3.4, 3), (0.2, 0)])
def test_densities_are_rounded_to_what_can_be_known(number: float, written: int) -> None:
    assert round_figures(number) == written
