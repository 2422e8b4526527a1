"""Names from elsewhere, made safe for markdown."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malaria.ui.parts.text import literal

UNESCAPED = re.compile(r"(?<!\\)(?:\\\\)*[`*_{}\[\]()#+\-.!|<>~$:]")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("cell 1", "cell 1"),
        ("a_b", r"a\_b"),
        ("[a](http://b)", r"\[a\]\(http\://b\)"),
        (":red[x]", r"\:red\[x\]"),
        ("<b>", r"\<b\>"),
        ("$x$", r"\$x\$"),
        ("a\\*", r"a\\\*"),
        ("two\nlines", "two lines"),
    ],
)
def test_is_shown_letter_for_letter(name: str, shown: str) -> None:
    assert literal(name) == shown


@given(st.text())
def test_leaves_no_mark_that_markdown_would_act_on(name: str) -> None:
    assert not UNESCAPED.search(literal(name))
