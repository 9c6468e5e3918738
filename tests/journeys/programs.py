"""Programs run as a person runs them: a process, its exit code, what it printed."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "policies" / "examples"
LONGEST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Said:
    """How a program ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All that a person would have read."""
        return self.out + self.err


async def run(*words: str | Path, seconds: float = LONGEST_SECONDS) -> Said:
    """Run `python -m WORDS` to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *map(str, words),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Said(process.returncode or 0, out.decode(), err.decode())
