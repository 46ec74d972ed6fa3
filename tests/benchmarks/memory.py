"""How much memory this process held at most, in bytes.

Linux tells it of the program itself (`VmHWM`); what getrusage tells there includes the process it was started from.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path


def peak() -> int:
    """Return the most bytes that were resident at once."""
    if sys.platform == "linux":
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
