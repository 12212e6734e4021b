"""Builds `ipdma-check.pyz`: the checker in one file that a bare Python runs from any folder.

    python tools/build_check_pyz.py [ipdma-check.pyz]

It holds the rooms that need the standard library alone, and PyYAML in pure Python. Text, Excel, SPSS
and Stata files and harmonised uploads are read; for .sas7bdat it says what to install.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

ROOMS = ("codebook", "privacy", "site")
FILES = (
    "__init__.py",
    "__main__.py",
    "errors.py",
    "exchange.py",
    "harmless.py",
    "processes.py",
    "writing.py",
    "cli.py",
)
COMMANDS = ("__init__.py", "check.py", "harmonise.py")
SHEBANG = b"#!/usr/bin/env python3\n"
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
MAIN = '''\
"""`python ipdma-check.pyz STUDY_DIR` checks; `... check` and `... harmonise` are the commands of ipdma."""

import sys

if sys.version_info < (3, 11):
    sys.exit("ipdma-check needs Python 3.11 or later; this is " + sys.version.split()[0])

from ipdma.cli import main

arguments = sys.argv[1:]
if arguments and arguments[0] not in ("check", "harmonise") and not arguments[0].startswith("-"):
    arguments = ["check", *arguments]
sys.exit(main(arguments or ["--help"]))
'''


def package_folder(name: str) -> Path:
    """Where an installed package's files are."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        sys.exit(f"{name} is not installed")
    return Path(spec.origin).parent


def content() -> dict[str, bytes]:
    """Every file of the archive, by its name in it."""
    ipdma, yaml = package_folder("ipdma"), package_folder("yaml")
    paths = [ipdma / name for name in FILES] + [ipdma / "commands" / name for name in COMMANDS]
    for room in ROOMS:
        paths += [path for path in (ipdma / room).rglob("*") if path.suffix in (".py", ".yaml")]
    files = {f"ipdma/{path.relative_to(ipdma).as_posix()}": path.read_bytes() for path in paths}
    files |= {f"yaml/{path.name}": path.read_bytes() for path in yaml.glob("*.py")}
    return files | {"__main__.py": MAIN.encode()}


def build(target: Path) -> None:
    """Write the archive; the same bytes whenever it is built from the same files."""
    scratch = target.with_name(f".{target.name}.part")
    with scratch.open("wb") as stream:
        stream.write(SHEBANG)
        with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
            for name, data in sorted(content().items()):
                archive.writestr(zipfile.ZipInfo(name, FIXED_TIME), data, zipfile.ZIP_DEFLATED)
    scratch.chmod(0o755)
    scratch.replace(target)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Build the checker in one file that a bare Python runs.")
    parser.add_argument("target", nargs="?", type=Path, default=Path("ipdma-check.pyz"))
    build(parser.parse_args().target)
