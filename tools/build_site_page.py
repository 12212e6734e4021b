"""Builds `ipdma-site.html`: the whole road of a site's data manager in one file for the browser.

    python tools/build_site_page.py --out ipdma-site.html

It holds Pyodide (Python for the browser, from npm), PyYAML and the rooms of ipdma that need nothing else,
compiled beforehand. `tools/site_page/pins.yaml` says which packages, by version and hash. Needs node and
npm; equal input gives equal bytes.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

TOOLS = Path(__file__).parent / "site_page"
SOURCE = Path(__file__).parents[1] / "src" / "ipdma"
ROOMS = ("codebook", "privacy", "site", "web")
FILES = ("__init__.py", "errors.py", "exchange.py", "harmless.py", "processes.py", "writing.py")
DATA = (".yaml",)
PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm")
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
ASSETS = SOURCE / "web" / "assets"
POLICY = (
    "default-src 'none'; script-src {scripts} 'wasm-unsafe-eval' blob:; worker-src blob:; "
    "connect-src 'none'; style-src {styles}; img-src 'none'; frame-src blob:; form-action 'none'; "
    "base-uri 'none'"
)


def pins() -> dict[str, Any]:
    """What the page is built from."""
    return yaml.safe_load((TOOLS / "pins.yaml").read_text("utf-8"))


def fetch(name: str, folder: Path) -> Path:
    """An npm package, unpacked, after its hash was compared with the pinned one."""
    pin = pins()["npm"][name]
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        sys.exit("building the page needs node and npm; on Debian or Ubuntu: apt-get install nodejs npm")
    command = [
        npm,
        "pack",
        f"{name}@{pin['version']}",
        "--prefer-offline",
        "--silent",
        "--pack-destination",
        folder,
    ]
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False, cwd=folder).returncode:
        sys.exit(f"npm could not fetch {name} {pin['version']}")
    archive = folder / f"{name}-{pin['version']}.tgz"
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != pin["sha512"]:
        sys.exit(
            f"{name} {pin['version']}: the package has another hash ({found}) than tools/site_page/pins.yaml"
        )
    with tarfile.open(archive) as tar:
        # Python 3.11.2, of Debian 12, has no filter
        tar.extractall(folder / name, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return folder / name / "package"


def own_files() -> dict[str, bytes]:
    """The rooms of ipdma by their name in the archive."""
    paths = [SOURCE / name for name in FILES]
    for room in ROOMS:
        paths += [p for p in (SOURCE / room).rglob("*") if p.suffix == ".py" or p.suffix in DATA]
    return {f"ipdma/{p.relative_to(SOURCE).as_posix()}": p.read_bytes() for p in paths}


def yaml_files() -> dict[str, bytes]:
    """PyYAML's Python files, after their hash was compared with the pinned one."""
    spec = find_spec("yaml")
    if spec is None or spec.origin is None:
        sys.exit("PyYAML is not installed")
    files = {f"yaml/{p.name}": p.read_bytes() for p in sorted(Path(spec.origin).parent.glob("*.py"))}
    whole = hashlib.sha256()
    for name, data in files.items():
        whole.update(f"{name}\n{len(data)}\n".encode() + data)
    pin = pins()["pypi"]["PyYAML"]
    if whole.hexdigest() != pin["sha256"] or yaml.__version__ != pin["version"]:
        sys.exit(
            f"PyYAML {yaml.__version__} ({whole.hexdigest()}) is not the one of tools/site_page/pins.yaml"
        )
    return files


def pack(files: dict[str, bytes]) -> bytes:
    """Files one after another, before them their names and sizes as JSON and its length in four bytes."""
    head = json.dumps([[name, len(data)] for name, data in files.items()]).encode()
    return len(head).to_bytes(4, "little") + head + b"".join(files.values())


def zip_plain(target: Path, files: dict[str, bytes]) -> None:
    """A zip archive without compression: the whole page is compressed once."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, FIXED_TIME), data)


def compile_archives(pyodide: Path, folder: Path) -> tuple[bytes, bytes]:
    """Our files and the standard library, compiled by the Python that will run them."""
    zip_plain(folder / "own.zip", own_files() | yaml_files())
    command = ["node", TOOLS / "compile.mjs", pyodide, TOOLS / "compile_all.py", folder]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (folder / "own.compiled.zip").read_bytes(), (folder / "stdlib.compiled.zip").read_bytes()


def payload(pyodide: Path, folder: Path) -> bytes:
    """Everything that the worker needs, compressed."""
    own, library = compile_archives(pyodide, folder)
    lock = json.loads((pyodide / "pyodide-lock.json").read_text("utf-8"))
    files = {name: (pyodide / name).read_bytes() for name in PYODIDE}
    files["python_stdlib.zip"] = library
    files["pyodide-lock.json"] = json.dumps({"info": lock["info"], "packages": {}}).encode()
    files["own.zip"] = own
    return gzip.compress(pack(files), 9, mtime=0)


def words() -> str:
    """The page's words in every language, as JSON."""
    read = {
        p.stem: yaml.load(p.read_text("utf-8"), yaml.BaseLoader)
        for p in sorted((ASSETS.parent / "words").glob("*.yaml"))
    }
    return json.dumps(read, ensure_ascii=False, sort_keys=True)


def version() -> str:
    """The version of the package, and eight digits of the hash of what is in the page."""
    found = re.search(r'__version__ = "(.*?)"', (SOURCE / "__init__.py").read_text("utf-8"))
    whole = hashlib.sha256()
    for name, data in sorted(own_files().items()):
        whole.update(f"{name}\n{len(data)}\n".encode() + data)
    return f"{found[1] if found else '?'} ({whole.hexdigest()[:8]})"


def asset(name: str) -> str:
    """One of the page's own texts."""
    return (ASSETS / name).read_text("utf-8")


def source_hash(text: str) -> str:
    """A script or style as the content policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def as_data(text: str) -> str:
    """JSON for an inert script element, which nothing in it can end."""
    return text.replace("<", "\\u003c")


def page(content: bytes) -> str:
    """The file: an outer page that holds the payload, and in it the sandboxed frame with all the rest."""
    notices = (TOOLS / "NOTICES.txt").read_text("utf-8")
    data = {
        "words": json.loads(words()),
        "version": version(),
        "notices": notices,
        "worker": asset("worker.js"),
    }
    frame_script = "".join(asset(f"{name}.js") for name in ("lock", "dom", "form", "findings", "frame"))
    shell_script, frame_style, shell_style = asset("shell.js"), asset("frame.css"), asset("shell.css")
    policy = POLICY.format(
        scripts=f"{source_hash(shell_script)} {source_hash(frame_script)}",
        styles=f"{source_hash(shell_style)} {source_hash(frame_style)}",
    )
    frame = fill(
        asset("frame.html"),
        {
            "POLICY": policy,
            "STYLE": frame_style,
            "DATA": as_data(json.dumps(data, ensure_ascii=False, sort_keys=True)),
            "SCRIPT": frame_script,
        },
    )
    return fill(
        asset("shell.html"),
        {
            "POLICY": policy,
            "STYLE": shell_style,
            "FRAME": as_data(json.dumps(frame, ensure_ascii=False)),
            "PAYLOAD": base64.b64encode(content).decode(),
            "SCRIPT": shell_script,
        },
    )


def fill(template: str, parts: dict[str, str]) -> str:
    """A template with its parts, each place filled once."""
    return re.sub(r"@([A-Z]+)@", lambda found: parts[found[1]], template)


def build(target: Path) -> None:
    """Write the page."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        text = page(payload(fetch("pyodide", folder), folder))
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    part.write_text(text, "utf-8")
    part.replace(target)
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    print(f"wrote {target}: {target.stat().st_size / 1e6:.1f} MB, SHA-256 {digest}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Build the page for sites: one file, no installation.")
    parser.add_argument("--out", metavar="F.html", type=Path, default=Path("ipdma-site.html"))
    build(parser.parse_args().out)
