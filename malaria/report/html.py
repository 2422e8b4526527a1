"""HTML from templates: files beside the code that fills them, in which every value is escaped."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from markupsafe import Markup

from malaria.wording.numbers import keep_together

if TYPE_CHECKING:
    from jinja2 import Environment


class TableCell(NamedTuple):
    """What stands in one cell of a table: its text, perhaps in bold, and a smaller note below it."""

    text: str
    note: str = ""
    bold: bool = False


Entry: TypeAlias = str | TableCell


def render(template: str, **values: object) -> Markup:
    """Fill a template, named by its path inside the package, as "report/table.html". Only `Markup` is not escaped."""
    return Markup(_environment().get_template(template).render(values))


def render_table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Entry]]) -> Markup:
    """Return a table. The first entry of each row names the row; without a `head` or a `caption` it has none."""
    cells = [[entry if isinstance(entry, TableCell) else TableCell(entry) for entry in row] for row in rows]
    return render("report/table.html", caption=caption, head=head, rows=cells)


def render_page(title: str, style: Path, body: Markup) -> str:
    """Return a page that needs no other file: `body` in the reports' common style and that of the file `style`."""
    common = Path(__file__).with_name("report.css")
    styles = [Markup(file.read_text(encoding="utf-8")) for file in (common, style)]
    return render("report/page.html", title=title, styles=styles, body=body)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # only now: a page that draws no table needs none

    return Environment(
        loader=FileSystemLoader(Path(__file__).parents[1]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )


def _finalize(value: object) -> object:
    return keep_together(value) if isinstance(value, str) else value
