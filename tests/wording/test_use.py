"""Sentences count things and write shares by the shared words, so that none can say "1 cells"."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import malaria

PACKAGE = Path(malaria.__file__).parent
PLURAL = re.compile(
    r"\*{0,2} (?:(?:red|healthy|flagged|infected) )?"
    r"(cells|images|fields|patients|folders|files|groups|suspects|decisions|epochs|rows|cards|leukocytes|outlines)\b"
)


def formatted() -> Iterator[tuple[str, ast.FormattedValue, str]]:
    """Every value that a sentence of the package holds: where, the value, and the words after it."""
    for file in sorted(PACKAGE.rglob("*.py")):
        if file.parent.name == "wording":
            continue
        for text in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(text, ast.JoinedStr):
                for part, after in zip(text.values, [*text.values[1:], ast.Constant("")], strict=True):
                    if isinstance(part, ast.FormattedValue):
                        words = after.value if isinstance(after, ast.Constant) else ""
                        yield f"{file.relative_to(PACKAGE)}:{part.lineno}", part, str(words)


def is_number(value: ast.FormattedValue) -> bool:
    """Whether it is written as a number that may be 1: a length, or one with a separator; no constant is."""
    written = ast.unparse(value.format_spec) if value.format_spec else ""
    of = ast.unparse(value.value)
    return ("," in written or of.startswith("len(")) and not of.rpartition(".")[2].isupper()


def test_things_are_counted_by_the_shared_words() -> None:
    by_hand = [
        f"{where}{words[:20]}" for where, value, words in formatted() if is_number(value) and PLURAL.match(words)
    ]
    assert by_hand == []


def test_shares_are_written_in_percent_by_the_shared_words() -> None:
    signed = [
        where
        for where, value, words in formatted()
        if words.startswith(" %") or (value.format_spec and re.search(r"\d%", ast.unparse(value.format_spec)))
    ]
    assert signed == []


def test_no_plural_is_made_by_hand() -> None:
    suffix = re.compile(r"""\}\{'s' if|\{"s" if|'s' if .* else ''""")
    assert [file for file in PACKAGE.rglob("*.py") if suffix.search(file.read_text(encoding="utf-8"))] == []
