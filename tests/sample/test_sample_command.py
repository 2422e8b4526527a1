"""`python -m malaria sample`: the keys others rely on, the numbers of the library, nothing else on standard output."""

import json

import pytest
import typer
from typer.testing import CliRunner

from malaria.commands.sample import sample
from malaria.errors import SampleError
from malaria.sample import CellRates, least_cost, sample_rule

KEYS = [
    "count_threshold",
    "sample_specificity",
    "limit_of_detection",
    "limit_of_detection_per_ul",
    "required_cell_specificity",
    "required_cell_sensitivity",
    "notebook",
]
app = typer.Typer()
app.command("sample")(sample)


def run(*arguments: str):
    return CliRunner().invoke(
        app, ["--cells", "1000", "--sensitivity", "0.947", "--false-positive-rate", "0.028", *arguments]
    )


def test_json_on_standard_output_and_nothing_else():
    result = run("--overdispersion", "0.003", "--json", "-")
    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert list(answer) == KEYS
    assert list(answer["notebook"]) == ["required_cell_sensitivity", "required_cell_specificity"]
    rule = sample_rule(1_000, CellRates(0.947, 0.028, 0.003))
    assert answer["count_threshold"] == rule.count_threshold == 48
    assert answer["sample_specificity"] == rule.sample_specificity
    assert answer["limit_of_detection"] == rule.limit_of_detection
    assert answer["limit_of_detection_per_ul"] == pytest.approx(202_519, abs=1)


def test_the_notebook_and_what_is_really_required():
    result = run("--cells", "350", "--target-specificity", "0.85", "--json", "-")
    answer = json.loads(result.stdout)
    assert round(answer["notebook"]["required_cell_sensitivity"], 6) == 0.991477
    assert round(answer["notebook"]["required_cell_specificity"], 6) == 0.999536
    assert round(answer["required_cell_sensitivity"], 4) == 0.8523
    assert round(answer["required_cell_specificity"], 6) == 0.999536


def test_what_cannot_be_is_null():
    answer = json.loads(run("--cells", "100", "--sensitivity", "0.02", "--json", "-").stdout)
    assert answer["limit_of_detection"] is None
    assert answer["limit_of_detection_per_ul"] is None
    assert answer["required_cell_sensitivity"] is None


def test_without_json_it_is_two_sentences():
    result = run()
    assert "call the sample positive at 38 or more flagged cells" in result.stdout
    assert "2.219 % of the red cells (110,935 per microlitre)" in result.stdout
    assert "No infection is then detected" in run("--sensitivity", "0.02").stdout
    assert "No count of flagged cells" in run("--false-positive-rate", "1").stdout


def test_the_cost_of_a_missed_infection_adds_the_count_that_costs_least():
    asked = ("--cost-of-missed", "20", "--prevalence", "0.05", "--parasitaemia", "0.02")
    answer = json.loads(run(*asked, "--json", "-").stdout)
    assert list(answer) == [*KEYS, "least_cost"]
    least = least_cost(1_000, 0.02, CellRates(0.947, 0.028), prevalence=0.05, cost_of_missed=20)
    assert answer["least_cost"]["count_threshold"] == least.count_threshold
    assert answer["least_cost"]["expected_cost"] == least.expected_cost
    said = run(*asked).stdout
    assert f"{least.count_threshold} or more flagged cells cost least" in said
    assert "5 % of those tested infected, each in 2 % of the red cells" in said


def test_json_into_a_file_leaves_the_sentences(tmp_path):
    file = tmp_path / "answer.json"
    result = run("--json", str(file))
    assert json.loads(file.read_text())["count_threshold"] == 38
    assert "38 or more" in result.stdout


@pytest.mark.parametrize(
    "wrong",
    [
        ("--cells", "0"),
        ("--sensitivity", "1.2"),
        ("--overdispersion", "1"),
        ("--target-sensitivity", "1"),
        ("--cost-of-missed", "0"),
    ],
)
def test_numbers_out_of_range_are_refused_in_a_sentence(wrong):
    assert isinstance(run(*wrong).exception, SampleError)
