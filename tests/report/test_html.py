"""HTML comes out of templates that escape whatever is put in, and asks for nothing from elsewhere."""

import subprocess
import sys
from pathlib import Path

import jinja2
import pytest
from markupsafe import Markup

import malaria
from malaria.report.html import TableCell, render, render_page, render_table

HOSTILE = """</style><script>alert(1)</script>"'& 5 %"""
ESCAPED = "&lt;/style&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp; 5\u00a0%"


def test_a_table_escapes_its_caption_its_headings_and_its_cells() -> None:
    table = render_table(HOSTILE, [HOSTILE], [[HOSTILE, TableCell(HOSTILE, HOSTILE, bold=True)]])
    assert table.count(ESCAPED) == 5
    assert "<script" not in table


def test_every_heading_of_a_table_says_what_it_heads() -> None:
    table = render_table("Rates", ["", "Value"], [["Accuracy", TableCell("0.9", "of 5", bold=True)]])
    assert "<caption>Rates</caption>" in table
    assert '<th scope="col">Value</th>' in table
    assert '<th scope="row">Accuracy</th><td><b>0.9</b>' in table
    assert "<small>of 5</small>" in table


def test_a_table_without_caption_or_head_has_none() -> None:
    table = render_table("", [], [["a", "b"]])
    assert "caption" not in table
    assert "thead" not in table


def test_a_page_is_one_file_and_its_title_is_text() -> None:
    style = Path(malaria.__file__).with_name("batch") / "report.css"
    page = render_page(HOSTILE, style, Markup("<h1>It</h1>"))
    assert f"<title>{ESCAPED}</title>" in page
    assert page.count("</style>") == 1
    assert "<h1>It</h1>" in page
    assert not any(word in page for word in ("<link", "@import", "url(http", "src=", "<script"))


def test_a_name_that_a_template_lacks_is_an_error_and_no_gap() -> None:
    with pytest.raises(jinja2.UndefinedError, match="caption"):
        render("report/table.html", head=[], rows=[])


def test_no_template_switches_escaping_off() -> None:
    package = Path(malaria.__file__).parent
    templates = [file for kind in ("html", "svg") for file in package.rglob(f"*.{kind}")]
    assert len(templates) >= 8
    texts = {file: file.read_text(encoding="utf-8") for file in templates}
    assert [file for file, text in texts.items() if "safe" in text or "autoescape" in text] == []


def test_what_draws_no_table_does_not_wait_for_templates() -> None:
    asks = "import sys, malaria.cli, malaria.batch, malaria.smear; print('jinja2' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"
