"""The command `ipdma`: finds the sub-command, runs it, turns errors into one sentence and an exit status."""

from __future__ import annotations

import argparse
import io
import sys
import traceback
from importlib import import_module
from importlib.util import find_spec

from ipdma import __version__
from ipdma.errors import IpdmaError
from ipdma.harmless import for_terminal

COMMANDS = {
    "check": "report everything wrong with one study's files, at once",
    "harmonise": "write a study's harmonised upload",
    "scan": "draft a study.yaml from a file's names and labels",
    "template": "the mapping as an Excel workbook, and back",
    "codebook": "the target variables and instruments",
    "fit": "fit one mixed model, or its two-stage twin",
    "pool": "pool study estimates (second stage)",
    "verify": "recompute the claims of a run",
    "disclose": "try to work out what a run withholds",
    "bundle": "the moments of a trial's arms that a plan needs, and no row",
    "twin": "rows of nobody with the moments of bundles, or of a run",
    "power": "power and interval widths from the registry alone, before there are data",
    "unblind": "run a blinded plan on the true arms, and record what changed between",
    "compare": "say what changed between two runs",
}

EPILOG = """\
examples:
  ipdma check trials/MUC2008                          is this upload right?
  ipdma harmonise trials/MUC2008 --out upload/MUC2008  write what may be sent
  ipdma fit rows.csv --spec spec.yaml --json out.json  one mixed model

`ipdma COMMAND --help` teaches each command by example.
"""


def available() -> list[str]:
    """Names of the commands in this build (the single-file checker carries only some)."""
    return [name for name in COMMANDS if find_spec(f"ipdma.commands.{name}")]


def build_parser(names: list[str], asked: str | None = None) -> argparse.ArgumentParser:
    """The parser of the commands in `names`; only the one that is `asked` for is imported."""
    parser = argparse.ArgumentParser(
        prog="ipdma",
        description="Individual-participant-data meta-analysis of trials.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ipdma {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in names:
        sub = commands.add_parser(
            name, help=COMMANDS[name], formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name == asked:
            module = import_module(f"ipdma.commands.{name}")
            sub.description, sub.epilog = module.DESCRIPTION, module.EXAMPLES
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns 0, 1 or 2 as the command says, 3 for a fault of the tool itself."""
    argv = sys.argv[1:] if argv is None else argv
    spare_letters()
    options = build_parser(available(), asked=argv[0] if argv else None).parse_args(argv)
    try:
        return options.run(options)
    except IpdmaError as error:
        print(for_terminal(f"ipdma {options.command}: {error}"), file=sys.stderr)
        return error.exit_status
    except BrokenPipeError:
        return 0
    except OSError as error:
        if error.filename is None or error.strerror is None:
            print(tool_fault(options.command, error), file=sys.stderr)
            return 3
        line = f"ipdma {options.command}: {error.filename}: cannot be used ({error.strerror})"
        print(for_terminal(line), file=sys.stderr)
        return IpdmaError.exit_status
    except KeyboardInterrupt:
        print(f"ipdma {options.command}: stopped", file=sys.stderr)
        return 130
    except Exception as error:
        print(tool_fault(options.command, error), file=sys.stderr)
        return 3


def spare_letters() -> None:
    """A letter that the console does not have is shown as a question mark; it never stops a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def tool_fault(command: str, error: Exception) -> str:
    """Where the tool failed, without the message of the error: other libraries' messages quote values."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"  {place_in_package(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames]
    kind = type(error).__name__
    head = f"ipdma {command}: a fault of the tool itself ({kind}), not of your data; please report:"
    return "\n".join([head, *lines])


def place_in_package(filename: str) -> str:
    """A source file below its package's folder; where that lies on this machine is not told."""
    parts = filename.replace("\\", "/").split("/")
    top = max((n for n, part in enumerate(parts) if part in ("ipdma", "site-packages", "lib")), default=-2)
    return "/".join(parts[top + 1 :]) if top >= 0 else parts[-1]
