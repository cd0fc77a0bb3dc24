"""Each line of the security pages names a test that exists, or says that there is none."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("security-requirements.md", "penetration.md")
FILE = re.compile(r"`((?:tests|deploy)/[\w/.]+)`")
OTHERS = ("none", "make ", "the same files", "](")


@pytest.mark.parametrize("page", PAGES)
def test_each_line_names_a_test(page: str) -> None:
    text = (ROOT / "docs" / "reference" / page).read_text()
    column = -1 if "requirements" in page else -2
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|") and not line.startswith("| ---")
    ]
    assert len(rows) > 20
    for row in rows:
        if row[column] in {"test", "repeat"}:
            continue
        files = FILE.findall(row[column])
        assert files or any(word in row[column] for word in OTHERS), row
        assert not [file for file in files if not (ROOT / file).exists()], row
