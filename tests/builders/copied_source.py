"""A copy of the package to which a test adds something, and which files the addition touched."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "ipdma"


class CopiedSource:
    """The package copied into a folder, to add to and to run."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "src"
        self.package = self.root / "ipdma"
        shutil.copytree(SOURCE, self.package, ignore=shutil.ignore_patterns("__pycache__"))

    def write(self, name: str, text: str) -> None:
        """Write a new file."""
        assert not (self.package / name).exists(), name
        (self.package / name).write_text(text, encoding="utf-8")

    def add_line(self, name: str, before: str, line: str) -> None:
        """Put a line before one that stands in a file once."""
        path = self.package / name
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, (name, before)
        path.write_text(text.replace(before, line + before), encoding="utf-8")

    def run(self, *arguments: str) -> str:
        """Run Python with the copy in place of the package, and return what it prints."""
        run = subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, "PYTHONPATH": f"{self.root}{os.pathsep}{ROOT}"},
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def touched(self) -> list[str]:
        """The files that are new or changed."""
        theirs = {p.relative_to(self.package): p for p in self.package.rglob("*") if p.is_file()}
        return sorted(
            str(name)
            for name, path in theirs.items()
            if "__pycache__" not in name.parts
            and (not (SOURCE / name).is_file() or (SOURCE / name).read_bytes() != path.read_bytes())
        )
