"""Run inside Pyodide: each archive's .py files as .pyc, everything else as it is."""

import importlib.util
import marshal
import zipfile

FIXED_TIME = (1980, 1, 1, 0, 0, 0)
# magic number, flags "checked by hash, and not at all", no hash: equal sources give equal files
HEAD = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)


def compiled(name: str, data: bytes) -> bytes:
    """A module's code."""
    return HEAD + marshal.dumps(compile(data, name, "exec", dont_inherit=True, optimize=0))


for archive in ("own", "stdlib"):
    with (
        zipfile.ZipFile(f"/tmp/{archive}.zip") as source,
        zipfile.ZipFile(f"/tmp/{archive}.compiled.zip", "w", zipfile.ZIP_STORED) as target,
    ):
        for name in sorted(source.namelist()):
            data = source.read(name)
            if name.endswith(".py"):
                name, data = name + "c", compiled(name, data)
            target.writestr(zipfile.ZipInfo(name, FIXED_TIME), data)
