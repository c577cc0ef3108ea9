"""Builds a wheel that carries the library (PEP 517), with the standard library alone.

    pip wheel . --no-deps

The library is the file that AMDM_LIBRARY names, or that of the installation that pkg-config finds.
The wheel is for any Python 3 on this platform. Equal contents give equal bytes.
"""

import base64
import hashlib
import os
import pathlib
import subprocess
import sys
import sysconfig
import tarfile
import zipfile

NAME, VERSION = "amdm", "0.1.0"
INFO = f"{NAME}-{VERSION}.dist-info"
LIBRARY = {"darwin": "libamdm.1.dylib", "win32": "amdm_capi.dll"}.get(sys.platform, "libamdm.so.1")
METADATA = f"""\
Metadata-Version: 2.1
Name: {NAME}
Version: {VERSION}
Summary: Runs node graphs that aggregate diffusion models
License: MIT OR Apache-2.0
Requires-Python: >=3.9
Provides-Extra: numpy
Requires-Dist: numpy; extra == "numpy"
"""
HERE = pathlib.Path(__file__).resolve().parent
SOURCES = ["pyproject.toml", "backend.py", "example.py", "README.md"]


def library():
    """The library to carry."""
    named = os.environ.get("AMDM_LIBRARY")
    if named:
        return pathlib.Path(named)
    command = ["pkg-config", "--variable=libdir", "amdm"]
    try:
        found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(
            "found no libamdm: set AMDM_LIBRARY to the file, or PKG_CONFIG_PATH to the "
            "lib/pkgconfig of an installation"
        ) from error
    libdir = pathlib.Path(found.strip())
    return (libdir.parent / "bin" if sys.platform == "win32" else libdir) / LIBRARY


def tag():
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    return f"py3-none-{platform}"


def modules():
    files = [*(HERE / NAME).glob("*.py"), HERE / NAME / "py.typed"]
    return {f"{NAME}/{path.name}": path.read_bytes() for path in files}


def described():
    wheel = f"Wheel-Version: 1.0\nGenerator: {NAME}\nRoot-Is-Purelib: false\nTag: {tag()}\n"
    return {f"{INFO}/METADATA": METADATA.encode(), f"{INFO}/WHEEL": wheel.encode()}


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = {**modules(), f"{NAME}/{LIBRARY}": library().read_bytes(), **described()}
    record = ""
    for name, data in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(data)}\n"
    files[f"{INFO}/RECORD"] = (record + f"{INFO}/RECORD,,\n").encode()
    wheel = f"{NAME}-{VERSION}-{tag()}.whl"
    path = pathlib.Path(wheel_directory) / wheel
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return wheel


def build_sdist(sdist_directory, config_settings=None):
    name = f"{NAME}-{VERSION}"
    with tarfile.open(pathlib.Path(sdist_directory) / f"{name}.tar.gz", "w:gz") as archive:
        for path in [*SOURCES, *modules()]:
            archive.add(HERE / path, f"{name}/{path}")
    return f"{name}.tar.gz"


def get_requires_for_build_wheel(config_settings=None):
    return []


def get_requires_for_build_sdist(config_settings=None):
    return []
