"""The one command: ``python3 run.py`` sets everything up and starts BMA Social with demo data.

Standard library only, so that a machine with nothing but Python 3.11+ and git can run it.
``python3 run.py --help`` lists the other jobs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "bma-stamp"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"

SQL_FOLDERS = ("warehouse", "campaigns", "predictions", "dashboard", "gateway")
CHECKS = (
    ("format", ["ruff", "format", "--check", "."]),
    ("lint", ["ruff", "check", "."]),
    ("types", ["mypy"]),
    ("import rules", ["lint-imports", "--no-cache"]),
    ("sql lint", ["sqlfluff", "lint", "--disable-progress-bar", "-q", *SQL_FOLDERS]),
)


def say(text: str) -> None:
    print(f"\033[36m▸\033[0m {text}" if sys.stdout.isatty() else f"> {text}", flush=True)


def wanted_stamp() -> str:
    """What the environment must have been made from: the lock, this file and the interpreter."""
    parts = (LOCK.read_bytes(), Path(__file__).read_bytes(), sys.version.encode(), bytes(ROOT))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def set_up() -> None:
    """Make ``.venv`` from the locked, hashed dependencies; a second call does nothing."""
    if STAMP.exists() and STAMP.read_text() == wanted_stamp():
        return
    if sys.version_info < (3, 11):  # noqa: UP036 -- whoever starts this file may have an older one
        raise SystemExit(f"BMA Social needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    started = time.monotonic()
    say("Setting up .venv (once; about a minute with pip, seconds with uv)")
    if not PYTHON.exists():
        venv.create(VENV, with_pip=shutil.which("uv") is None)
    if uv := shutil.which("uv"):
        command = [
            uv,
            "pip",
            "sync",
            "--quiet",
            "--require-hashes",
            "--compile-bytecode",
            "--python",
            str(PYTHON),
            str(LOCK),
        ]
    else:
        if not (BIN / "pip").exists():
            subprocess.run([str(PYTHON), "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
        command = [
            str(PYTHON),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
            str(LOCK),
        ]
    subprocess.run(command, check=True)
    make_importable()
    STAMP.write_text(wanted_stamp())
    say(f"Environment ready in {time.monotonic() - started:.0f} s")


def make_importable() -> None:
    """Put the top-level folders on the path and add the ``bma`` command."""
    asked = [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())
    (site / "bma-social.pth").write_text(f"{ROOT}\n")
    script = BIN / "bma"
    script.write_text(f"#!{PYTHON}\nfrom cli.__main__ import main\n\nmain()\n")
    script.chmod(0o755)


def environment() -> dict[str, str]:
    """The child's environment: our tools first on the path, telemetry off."""
    return {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    }


def call(*command: str) -> int:
    return subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, env=environment(), check=False).returncode


def become(*command: str) -> None:
    """Replace this process, so that Ctrl-C and the exit status belong to the command."""
    os.chdir(ROOT)
    os.execve(str(BIN / command[0]), [str(BIN / command[0]), *command[1:]], environment())


def check() -> int:
    """Run every check and say which one failed."""
    failed = []
    for name, command in CHECKS:
        say(name)
        if call(*command):
            failed.append(name)
    say("Everything in order" if not failed else f"Look at: {', '.join(failed)}")
    return 1 if failed else 0


def clean() -> int:
    """Forget the demo data and the environment."""
    for path in (Path(os.environ.get("BMA_DATA_DIR", ROOT / "data")), VENV):
        say(f"Removing {path.name}")
        shutil.rmtree(path, ignore_errors=True)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__.splitlines()[0])
    parser.add_argument("job", nargs="?", default="up", choices=("up", "test", "check", "bench", "chaos", "clean"))
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="passed on to the job")
    asked = parser.parse_args()
    if asked.job == "clean":
        return clean()
    set_up()
    if asked.job == "check":
        return check()
    if asked.job == "test":
        say("Running the whole test suite; real servers start by themselves")
        become("pytest", "-q", "-rs", "-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder", *asked.rest)
    if asked.job in {"bench", "chaos"}:
        become("python", "-m", "bench", asked.job, *asked.rest)
    become("bma", asked.job, *asked.rest)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
