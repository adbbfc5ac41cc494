"""Dovecot, a real IMAP server, in a folder of its own: started on free ports, stopped without a trace.

::

    with Dovecot(folder, certificate=(pem, key), users={"invoice@company.example": "secret"}) as dovecot:
        dovecot.imaps_port

The Debian packages are dovecot-core and dovecot-imapd. It runs as root and as any other user; as root, mails belong to `nobody`.
https://doc.dovecot.org/2.3/
"""

from __future__ import annotations

import contextlib
import getpass
import grp
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from local.ports import free_port

_SBIN = os.pathsep.join(("/usr/sbin", "/usr/local/sbin", "/sbin"))
_START_SECONDS = 30
_STOP_SECONDS = 10
# The shell reads a pipe that closes when this process ends, however it ends, and stops the server then.
_GUARD = '"$1" -F -c "$2" </dev/null & server=$!; cat >/dev/null; kill "$server" 2>/dev/null; wait "$server"'


class DovecotError(Exception):
    """Dovecot did not start. The message is one line for the person at the terminal."""


def dovecot_program() -> str | None:
    """Path of the server, or None where it is not installed."""
    return shutil.which("dovecot", path=os.pathsep.join((os.environ.get("PATH", ""), _SBIN)))


class Dovecot:
    """A running Dovecot; use it as a context manager, or call `start` and `stop`.

    Args:
        folder: where mails are kept. As root, `nobody` must be able to enter it and what is above it.
        certificate: files of a certificate and its key, for both ports.
        users: passwords by address. Any other user can sign in with a token only.
        introspection: URL that judges tokens (RFC 7662), with user name and password in it; without it there are no tokens.
        token_mechanisms: how tokens can be given.
        ports: for STARTTLS and for TLS; 0 takes a free one.
        separator: between the parts of a folder's name.
        prefix: what stands before the names of all folders but the inbox: `INBOX.` puts everything below it.
        without: capabilities that the server does not mention, as if it had them not.
        record: keep what clients send after they signed in, for `commands`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        certificate: tuple[Path, Path],
        users: Mapping[str, str],
        introspection: str | None = None,
        token_mechanisms: tuple[str, ...] = ("xoauth2", "oauthbearer"),
        ports: tuple[int, int] = (0, 0),
        separator: str = "/",
        prefix: str = "",
        without: tuple[str, ...] = (),
        record: bool = False,
    ) -> None:
        self.folder = folder
        self.imap_port, self.imaps_port = ports
        self._certificate = certificate
        self._users = users
        self._introspection = introspection
        self._token_mechanisms = token_mechanisms
        self._separator = separator
        self.prefix = prefix
        self.without = without
        self._record = record
        self._process: subprocess.Popen[bytes] | None = None
        self._run: Path | None = None

    def start(self) -> Self:
        """Start, and wait until it greets.

        Raises:
            DovecotError: it is not installed, or did not start.
        """
        program = dovecot_program()
        if program is None:
            raise DovecotError("Dovecot is missing: apt-get install dovecot-core dovecot-imapd")
        self.imap_port = self.imap_port or free_port()
        self.imaps_port = self.imaps_port or free_port()
        # names of sockets have at most 108 characters, and the folder may be deep
        self._run = Path(tempfile.mkdtemp(prefix="postrum-dovecot-"))
        self._run.chmod(0o755)
        settings = self._write()
        with (self._run / "errors").open("wb") as errors:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD, "sh", program, str(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,  # Ctrl-C at the terminal reaches only us
            )
        until = time.monotonic() + _START_SECONDS
        while not self._greets():
            if time.monotonic() > until or self._process.poll() is not None:
                said = " ".join(self.log().split())[-500:]
                self.stop()
                raise DovecotError(f"Dovecot did not start: {said or 'it said nothing'}")
            time.sleep(0.02)
        return self

    def stop(self, *, at_once: bool = False) -> None:
        """Stop it and all of its processes. Twice is fine.

        Args:
            at_once: do not ask; what sessions have under way is cut off. Asked, it takes a second.
        """
        process, self._process = self._process, None
        if process is not None:
            if at_once:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            if process.stdin:
                process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # sessions of clients that are still there
        if self._run is not None:
            shutil.rmtree(self._run, ignore_errors=True)

    def log(self) -> str:
        """What it said so far."""
        texts = [self._run / "errors", self._run / "log"] if self._run else []
        return "\n".join(file.read_text("utf-8", "replace") for file in texts if file.exists())

    def commands(self) -> list[str]:
        """What clients sent after they signed in, a line each; the order holds within a connection only."""
        files = sorted((self.folder / "record").glob("*.in"))
        lines = [line for file in files for line in file.read_text("utf-8", "replace").splitlines()]
        return [line.partition(" ")[2] for line in lines]  # the time stands before it

    def _greets(self) -> bool:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # only whether it is there
        try:
            with (
                socket.create_connection(("127.0.0.1", self.imaps_port), timeout=5) as plain,
                context.wrap_socket(plain) as encrypted,
            ):
                return encrypted.recv(4) == b"* OK"
        except OSError:
            return False

    def _write(self) -> Path:
        assert self._run is not None
        root = os.geteuid() == 0
        owner = pwd.getpwnam("nobody" if root else getpass.getuser())
        for name in ("mail", "home", "record"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
            if root:
                os.chown(self.folder / name, owner.pw_uid, owner.pw_gid)
        users = self._run / "users"
        users.write_text("".join(f"{name}:{{PLAIN}}{password}::::::\n" for name, password in self._users.items()))
        users.chmod(0o644 if root else 0o600)  # read by Dovecot's own user; the folder is ours
        tokens = ""
        if self._introspection is not None:
            (self._run / "tokens").write_text(
                f"introspection_mode = post\nintrospection_url = {self._introspection}\n"
                "active_attribute = active\nactive_value = true\nusername_attribute = username\n"
            )
            tokens = (
                f"passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {self._run / 'tokens'}\n}}"
            )
        own = "" if root else _OWN_USER.format(user=owner.pw_name, group=grp.getgrgid(owner.pw_gid).gr_name)
        capabilities = ""
        if self.without:
            kept = [word for word in _CAPABILITIES if word not in self.without]
            capabilities = f"imap_capability = {' '.join(kept)}"
        settings = self._run / "settings.conf"
        settings.write_text(
            _SETTINGS.format(
                run=self._run,
                folder=self.folder,
                own=own,
                uid=owner.pw_uid,
                gid=owner.pw_gid,
                certificate=self._certificate[0],
                key=self._certificate[1],
                mechanisms=" ".join(("plain", "login", *(self._token_mechanisms if tokens else ()))),
                tokens=tokens,
                users=users,
                imap=self.imap_port,
                imaps=self.imaps_port,
                separator=self._separator,
                prefix=self.prefix,
                capabilities=capabilities,
                record=f"rawlog_dir = {self.folder / 'record'}" if self._record else "",
            )
        )
        return settings

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


# What 2.3 has and clients make use of, for the setting that names all of them.
_CAPABILITIES = (
    "IMAP4rev1", "SASL-IR", "LOGIN-REFERRALS", "ID", "ENABLE", "IDLE", "SORT", "THREAD=REFERENCES", "MULTIAPPEND", "UNSELECT", "CHILDREN",
    "NAMESPACE", "UIDPLUS", "LIST-EXTENDED", "I18NLEVEL=1", "CONDSTORE", "ESEARCH", "ESORT", "SEARCHRES", "WITHIN", "CONTEXT=SEARCH",
    "LIST-STATUS", "BINARY", "MOVE", "SPECIAL-USE", "LITERAL+",
)  # fmt: skip

_OWN_USER = """
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
"""

_SETTINGS = """
base_dir = {run}
state_dir = {run}
log_path = {run}/log
protocols = imap
listen = 127.0.0.1
{own}
first_valid_uid = 0
first_valid_gid = 0
mail_location = maildir:{folder}/mail/%u
mail_home = {folder}/home/%u
mail_fsync = never
mail_max_userip_connections = 0
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = yes
auth_mechanisms = {mechanisms}
auth_failure_delay = 0
{tokens}
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = scheme=PLAIN username_format=%u {users}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
  mailbox Trash {{
    auto = create
    special_use = \\Trash
  }}
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
}}
protocol imap {{
  {capabilities}
  {record}
}}
"""
