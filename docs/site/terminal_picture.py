"""Draws terminal output, read from standard input, as an SVG for the README.

    werknetz losses supply --limit 1 | python docs/site/terminal_picture.py > docs/images/demo.svg

The picture has no script, no foreign font and no colour that needs one: it prints and scales.
"""

import sys
from html import escape
from typing import Final

COLUMNS_MAX: Final = 118
FONT_PX: Final = 13
CHARACTER_PX: Final = 7.83  # of a monospace font at 13 px
LINE_PX: Final = 18
MARGIN_PX: Final = 16


def draw(lines: list[str]) -> str:
    """Return an SVG; lines that are too long are wrapped with an indent."""
    rows = [row for line in lines for row in _wrap(line)]
    width = round(COLUMNS_MAX * CHARACTER_PX + 2 * MARGIN_PX)
    height = len(rows) * LINE_PX + 2 * MARGIN_PX
    texts = "\n".join(
        f'<text x="{MARGIN_PX}" y="{MARGIN_PX + FONT_PX + number * LINE_PX}"'
        f' fill="{"#7fb1ff" if row.startswith("$ ") else "#e8edf3"}">{_fixed_width(row)}</text>'
        for number, row in enumerate(rows)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' font-family="ui-monospace, Menlo, Consolas, monospace" font-size="{FONT_PX}"'
        f'>\n<rect width="{width}" height="{height}" rx="8"'
        f' fill="#11171e"/>\n{texts}\n</svg>\n'
    )


def _fixed_width(row: str) -> str:
    """Return the row with blanks that no renderer collapses."""
    return escape(row).replace(" ", "&#160;")


def _wrap(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    rows: list[str] = []
    rest = line.rstrip()
    while len(rest) > COLUMNS_MAX:
        at = rest.rfind(" ", len(indent) + 1, COLUMNS_MAX)
        at = COLUMNS_MAX if at < 0 else at
        rows.append(rest[:at])
        rest = indent + rest[at:].lstrip()
    return [*rows, rest]


if __name__ == "__main__":
    sys.stdout.write(draw(sys.stdin.read().splitlines()))
