"""The order of samples of one signal at one instant: that of the source."""

from typing import Final

# Rows of earlier versions have no sequence; the later row is the later sample.
IN_ORDER: Final = "samples.sequence ASC NULLS FIRST, samples.ctid ASC"
IN_REVERSE_ORDER: Final = "samples.sequence DESC NULLS LAST, samples.ctid DESC"
