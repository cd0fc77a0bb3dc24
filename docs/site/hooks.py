"""MkDocs hook: adds the reference pages that are generated from the code; none is a file."""

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))

from reference import PAGES


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for name, render in PAGES.items():
        files.append(File.generated(config, f"reference/{name}.md", content=render()))
    return files
