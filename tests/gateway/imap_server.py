"""A real IMAP server (Dovecot) of our own on loopback, in a folder that goes away with it."""

import getpass
import imaplib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.processes import free_port

MISSING = "Dovecot is not installed: install it (Debian: apt-get install dovecot-imapd) to run this test"
PASSWORD = "secret"
_CONFIG = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{home}/mail/%u
{users}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


def is_installed() -> bool:
    """Whether this machine has the program."""
    return shutil.which("dovecot") is not None or Path("/usr/sbin/dovecot").exists()


@contextmanager
def running() -> Iterator[int]:
    """Run a server for any user and give its port."""
    program = shutil.which("dovecot") or "/usr/sbin/dovecot"
    me = getpass.getuser()
    with tempfile.TemporaryDirectory(prefix="bma-imap-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        (home / "mail").mkdir()
        (home / "mail").chmod(0o777)
        port = free_port()
        is_root = me == "root"
        own = f"default_internal_user = {me}\ndefault_login_user = {me}\ndefault_internal_group = {me}\n"
        text = _CONFIG.format(
            home=home,
            port=port,
            password=PASSWORD,
            users="" if is_root else own,
            user="nobody" if is_root else me,
            group="nogroup" if is_root else me,
        )
        (home / "dovecot.conf").write_text(text)
        process = subprocess.Popen([program, "-F", "-c", str(home / "dovecot.conf")])
        try:
            _wait_until_it_answers(port, home)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_until_it_answers(port: int, home: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            imaplib.IMAP4("127.0.0.1", port, timeout=5).logout()
        except OSError:
            if time.monotonic() > deadline:
                log = home / "log"
                raise TimeoutError(log.read_text() if log.exists() else "Dovecot does not answer") from None
            time.sleep(0.05)
        else:
            return
