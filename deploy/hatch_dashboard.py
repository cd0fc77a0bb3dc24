"""Build hook: the wheel and the source archive carry the built web page.

An editable install has none: `make dashboard` builds it there. A page that is up to date, as in a
source archive or in the image, is taken as it is: then neither Node nor a registry is needed.
"""

import sys
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))
import build_dashboard

PAGE: Final = "services/werknetz_core/dashboard/dist/**"


class DashboardHook(BuildHookInterface):  # type: ignore[type-arg] # hatchling's own configuration
    """Build the page before the archive is made, or say why that is not possible."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or build_dashboard.is_left_out():
            return
        try:
            build_dashboard.ensure_built()
        except build_dashboard.BuildFailed as error:
            raise SystemExit(
                f"The web page cannot be built for the package: {error} "
                f"Set {build_dashboard.WITHOUT}=yes to package Werknetz without it."
            ) from error
        build_data["artifacts"].append(PAGE)
