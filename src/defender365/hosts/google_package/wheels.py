"""The wheels of the package: this library's own, made here, and those it depends on, downloaded.

The platform runs CPython 3.11 on Linux; the versions and hashes are those of
`requirements/google.txt`. Index addresses come from pip's own configuration, never from here.
"""

import base64
import hashlib
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import defender365
from defender365.core.errors import BadInput, Unreachable
from defender365.hosts.google_package.source import Files
from defender365.runtime import Host

PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_17_x86_64")
PYTHON = "3.11"
DAY_ONE = (1980, 1, 1, 0, 0, 0)
"""The time of every file in an archive, so that the same input gives the same bytes."""


def own_wheel() -> tuple[str, bytes]:
    """The file name and content of a wheel of this library, as it runs here."""
    about = distribution("defender365")
    root = Path(defender365.__file__).parent
    found: Files = {
        f"defender365/{path.relative_to(root).as_posix()}": path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    info = f"defender365-{about.version}.dist-info"
    found[f"{info}/METADATA"] = (about.read_text("METADATA") or "").encode()
    found[f"{info}/entry_points.txt"] = (about.read_text("entry_points.txt") or "").encode()
    found[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: defender365\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = [f"{name},sha256={_digest(data)},{len(data)}" for name, data in found.items()]
    found[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    return f"defender365-{about.version}-py3-none-any.whl", archive(found)


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def archive(files: Files) -> bytes:
    """A ZIP of these files; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        for name, data in files.items():
            packed = zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
            out.writestr(zipfile.ZipInfo(name, DAY_ONE), data, compress_type=packed)
    return buffer.getvalue()


def pinned() -> str:
    """The dependencies with their versions and hashes."""
    here = Path(__file__).parent / "requirements.txt"
    if not here.is_file():  # in a checkout it is where all pins are
        here = Path(__file__).parents[4] / "requirements" / "google.txt"
    return here.read_text(encoding="utf-8")


def pins() -> dict[str, str]:
    """The dependencies' versions by name."""
    return dict(re.findall(r"^([a-z0-9_.-]+)==([^\s;\\]+)", pinned(), re.MULTILINE))


def names() -> frozenset[str]:
    """Every package that an integration's lock file may hold beside itself."""
    return frozenset({*pins(), "defender365", "soar-sdk", "pytest", "pytest-json-report"})


def without_password(index: str) -> str:
    """An index's address as it may be written into a file that is passed on."""
    return re.sub(r"(?<=://)[^/@]*@", "", index)


def dependencies(index: str) -> Files:
    """The dependencies' wheels for the platform, by file name.

    Raises `Unreachable` with pip's own last words when the index does not give them.
    """
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text(pinned(), encoding="utf-8")
        platforms = [word for name in PLATFORMS for word in ("--platform", name)]
        command = [
            sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check",
            "--retries", "2", "--no-deps", "--require-hashes", "--only-binary", ":all:", *platforms,
            "--python-version", PYTHON, "--implementation", "cp", "-d", f"{folder}/wheels", "-r", str(wanted),
        ]  # fmt: skip
        run(command, "the dependencies' wheels could not be downloaded", PIP_INDEX_URL=index)
        wheels = sorted(Path(folder, "wheels").glob("*.whl"))
        return {wheel.name: wheel.read_bytes() for wheel in wheels}


def package_index() -> str:
    """The address of the package index that pip uses here."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    set_here = subprocess.run(  # noqa: S603  our own interpreter's pip
        [*pip, "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    ).stdout.strip()
    if set_here:
        return set_here
    told = run([*pip, "help", "download"], "pip did not say which index it uses")
    default = re.search(r"\(default\s+(https?://[^\s)]+)", told)
    if default is None:
        raise BadInput("pip does not say which package index it uses. Give --index-url.")
    return default[1]


def run(command: list[str], trouble: str, folder: Path | None = None, **variables: str) -> str:
    """Run a tool and return what it printed. Raises `Unreachable` with its last words.

    An index's address goes by a variable: it may hold a password, which no process list shows.
    """
    found = subprocess.run(  # noqa: S603  pip and uv, with arguments of ours
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**Host.this().variables, **variables},
    )
    if found.returncode:
        said = " ".join(found.stderr.strip().splitlines()[-4:])
        for secret in re.findall(r"(?<=://)[^/@\s]*(?=@)", " ".join(variables.values())):
            said = said.replace(secret, "…")
        raise Unreachable(f"{trouble}: {said[-600:]}")
    return found.stdout
