"""Every setting: its name, its default and what it is for; read from the environment."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import quote, urlsplit

from flask import current_app

ROOT = Path(__file__).resolve().parent.parent
SOCKET_PATH_BYTES = 100  # a Unix socket has room for about 107
_A_RATE = r"(?!0+(?:\.0+)?/)\d+(?:\.\d+)?/(?:s|min|h)"
_A_LIMIT = rf"careful|[a-z_]+=(?:{_A_RATE})?(?:\*[1-9]\d*)?"
_FORMS = {
    "CUSTOMER_RATE": rf"(?:{_A_RATE})?",
    "SENDER_RATE": rf"(?:{_A_RATE})?",
    "PROVIDER_RATES": rf"(?:{_A_LIMIT})?(?:[\s,]+(?:{_A_LIMIT}))*",
    "WARM_UP": "|domain|pool",
    "SMTP_SPEAKS_FOR": "itself|providers",
    "DNS_SERVERS": r"(?:[0-9A-Fa-f.:]+(?:,\s*[0-9A-Fa-f.:]+)*)?",
    "CONTRACT_END": "aligned|literal",
    "INVOICE_REGISTRATION_NUMBER": "T[0-9]{13}",
    "BUSINESS_YEAR_ENDS": "[1-9]|1[0-2]",
    "BOOKS_KEPT_YEARS": "7|10",
    "FEE_TIMING": "prepaid|arrears",
    "SUSPENSION_FEE": "by_days|whole_month",
    "CHANGE_NEEDS": "overdue|all",
    "DKIM_ED25519": "[01]",
    "DKIM_SERVICE_TOO": "[01]",
    "BOUNCE_CUMULATIVE": "[01]",
    "IMAP_TLS": "on|off",
    "DEBIT_COLLECTOR": r"\d{1,10}",
    "DEBIT_BANK": r"\d{4}",
    "DEBIT_BRANCH": r"\d{3}",
    "DEBIT_ACCOUNT_TYPE": "[129]",
    "DEBIT_ACCOUNT": r"\d{1,7}",
    "DEBIT_LINE_ENDS": "crlf|none",
    "DEBIT_EOF": "[01]",
    "DEBIT_RECORDS": "contract|sum",
    "IMAGE_QUOTA_MB": r"\d+(?:\s+[\w-]+:\d+)*",
    "HELP_DESK_HOURS": r"(?:[01]?\d|2[0-3]):[0-5]\d-(?:[01]?\d|2[0-3]):[0-5]\d",
}


class SettingsError(Exception):
    """A setting is missing or cannot be right; the message says which and what to do."""


def _about(default: str, what: str) -> str:
    return field(default=default, metadata={"what": what})  # type: ignore[no-any-return]


NUMBERS = (
    "SMTP_PORT", "SMTP_CONNECTIONS", "SMTP_MAILS_PER_CONNECTION", "BATCH_SIZE", "LEASE_SECONDS", "LOGIN_IDLE_MINUTES",
    "LOGIN_HOURS", "TRUSTED_PROXIES", "INBOUND_LMTP_PORT", "INBOUND_SMTP_PORT", "INBOUND_CONNECTIONS", "INBOUND_SIZE",
    "INBOUND_HANDLED_DAYS", "INBOUND_KEPT_DAYS", "BOUNCE_SETTLING_HOURS", "ADVERSE_NOTICE_DAYS", "LOOKS_KEPT_DAYS",
    "IMAP_PORT", "HELP_DESK_DAYS", "INQUIRY_KEPT_DAYS", "REPORTS_KEPT_DAYS", "SIGN_IN_HISTORY_DAYS",
    "DEBIT_LEAD_DAYS", "DEBIT_RESULT_DAYS",
    "BUSINESS_YEAR_ENDS", "PAYMENT_DAYS", "REMIND_AFTER_DAYS", "REMINDER_DAYS",
    "ERASURE_HOURS", "CUSTOMER_KEPT_MONTHS", "APPLICATION_KEPT_MONTHS", "CONSENT_KEPT_MONTHS", "BACKUP_DAYS",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """All settings as text, as the environment gives them; properties give the typed ones."""

    WEM_ENV: str = _about("development", "development, testing or production; production refuses built-in keys")
    VAR_DIR: str = _about("", "the one folder that holds state; empty means var/ beside the code")
    DATABASE_URL: str = _about("", "SQLAlchemy address; empty means the SQLite file in VAR_DIR")
    REDIS_URL: str = _about("", "the queue's Redis; empty means the embedded one on a socket in VAR_DIR")
    SECRET_KEY: str = _about("", "signs cookies and links; made and kept in VAR_DIR in development")
    SECRET_KEY_PREVIOUS: str = _about("", "the key before the last change; links signed with it still work")
    MASTER_KEY: str = _about(
        "", "key of the address hashes and of sealed secrets; never change it: stops are known by it"
    )
    PORTAL_URL: str = _about("http://localhost:8000", "origin of those who sign in")
    PUBLIC_URL: str = _about("http://localhost:8001", "origin of end users' pages; sets no session cookie")
    SMTP_HOST: str = _about("127.0.0.1", "the mail server that takes our mail")
    SMTP_PORT: str = _about("2525", "its port; the built-in mailbox listens here in development")
    SMTP_TLS: str = _about("", "off, try or require; empty means: off on this machine, elsewhere where it is offered")
    SMTP_CA_FILE: str = _about("", "certificates that prove the mail server to SMTP_TLS=require; empty: the system's")
    SMTP_USER: str = _about("", "name to log in with at the mail server; empty means no login")
    SMTP_PASSWORD: str = _about("", "its password; sent over an encrypted line or on this machine only")
    SMTP_SPEAKS_FOR: str = _about(
        "itself",
        "whose word its 421 and 4.7.x are: `itself` (an MTA of ours), `providers` (a relay that passes them on)",
    )
    SMTP_CONNECTIONS: str = _about("20", "connections of each sending process; the most that a crash can send twice")
    SMTP_MAILS_PER_CONNECTION: str = _about("500", "mails over one connection before it is opened anew")
    MAILBOX_URL: str = _about("http://localhost:8025", "page of the built-in mailbox; empty in production")
    SERVICE_DOMAIN: str = _about("mail.wem.example", "domain of the senders of customers without a domain of their own")
    BOUNCE_DOMAIN: str = _about("", "domain of the return paths; empty means bounce.<SERVICE_DOMAIN>")
    DNS_SERVERS: str = _about(
        "", "name servers asked about sender domains, as 192.0.2.1:53,…; empty means the system's"
    )
    DKIM_ED25519: str = _about("0", "1 makes a second key of each sender domain, Ed25519; it signs once published")
    DKIM_SERVICE_TOO: str = _about(
        "1", "mails from a customer's domain are signed by SERVICE_DOMAIN as well; 0 saves it"
    )
    PROVIDER_NAME: str = _about("日本IP通信株式会社", "the company that runs this installation, as readers see it")
    PROVIDER_POSTAL_CODE: str = _about("190-0012", "its postal code, on documents; the default is a sample")
    PROVIDER_ADDRESS: str = _about("東京都立川市曙町1-1-1（見本）", "its address, where applications are posted to")
    PROVIDER_ACCOUNT: str = _about(
        "見本銀行 立川支店 普通 1234567 カ）ニホンアイピーツウシン", "the account to which first fees go"
    )
    DEBIT_COLLECTOR: str = _about(
        "0000000000", "委託者コード, given by bank or collecting agent; without it production makes no debit file"
    )
    DEBIT_COLLECTOR_NAME: str = _about("ニホンアイピーツウシン(カ", "our name in debit files, in kana")
    DEBIT_BANK: str = _about("0001", "code of the bank of our account; with the five below as the bank was told")
    DEBIT_BRANCH: str = _about("001", "code of its branch")
    DEBIT_ACCOUNT_TYPE: str = _about("1", "kind of our account: 1 普通, 2 当座, 9 その他")
    DEBIT_ACCOUNT: str = _about("1234567", "number of our account; the default is a sample")
    DEBIT_LINE_ENDS: str = _about("crlf", "crlf or none: what comes after each record of a debit file")
    DEBIT_EOF: str = _about("0", "1 ends a debit file with 0x1A")
    DEBIT_LEAD_DAYS: str = _about("7", "bank days before the debit by which the bank takes the file")
    DEBIT_RESULT_DAYS: str = _about("4", "bank days after the debit on which its result usually comes")
    DEBIT_RECORDS: str = _about("contract", "contract: one record for all that a contract owes; sum: one for each sum")
    INVOICE_REGISTRATION_NUMBER: str = _about(
        "T0000000000000", "its number as an issuer of qualified invoices (T and 13 digits); the default is a sample"
    )
    BUSINESS_YEAR_ENDS: str = _about(
        "3", "last month of its business year: invoices are locked for 7 years and 2 months"
    )
    BOOKS_KEPT_YEARS: str = _about(
        "7", "years that invoices and payments are kept, counted from two months after its end: 7, or 10 with a loss"
    )
    FEE_TIMING: str = _about(
        "prepaid", "prepaid: a month's fee is invoiced on its 1st, its peak with the next; arrears: after its closing"
    )
    SUSPENSION_FEE: str = _about(
        "by_days", "by_days: a month with a suspension costs its usable days (13-3); whole_month: the whole month"
    )
    CHANGE_NEEDS: str = _about(
        "overdue", "what must be paid before a change of course (11-2): what is overdue, or all that is open"
    )
    PAYMENT_DAYS: str = _about(
        "10", "least days that an invoice leaves for a transfer; issued later it is due on the next month's day"
    )
    REMIND_AFTER_DAYS: str = _about("7", "days after the due date from which a reminder is proposed")
    REMINDER_DAYS: str = _about("10", "days that a reminder gives to pay; after them a suspension is proposed (13-2)")
    ERASURE_HOURS: str = _about(
        "6", "hours between the final account and the erasure of readers' data, in which staff can still hold it"
    )
    CUSTOMER_KEPT_MONTHS: str = _about("6", "months after a contract's end that the customer's own data are kept")
    APPLICATION_KEPT_MONTHS: str = _about(
        "6", "months after which an application is forgotten of which nothing more came and no money is here"
    )
    CONSENT_KEPT_MONTHS: str = _about(
        "1", "months that proof of consent is kept after the last mail; staff set more for a customer (12, 36)"
    )
    BACKUP_DAYS: str = _about("35", "days after which a backup is deleted and no longer restored")
    BACKUP_FOLDER: str = _about(
        "", "folder that backups are in: `bin/wem backup` makes them there, and those past BACKUP_DAYS go every day"
    )
    ERASURE_LOG: str = _about(
        "",
        "file that says what was erased, for restored backups; in production outside VAR_DIR, best on another disk",
    )
    SUPPORT_EMAIL: str = _about("support@mail.wem.example", "where customers write to the help desk")
    COURSE_CHANGE_EMAIL: str = _about(
        "change@mail.wem.example", "where customers write to change their contract (11-1)"
    )
    HELP_DESK_HOURS: str = _about("10:00-17:00", "when the help desk works, on days that are no holidays (Art. 23-1)")
    HELP_DESK_DAYS: str = _about("3", "working days after the day of receipt within which it means to answer")
    INQUIRY_KEPT_DAYS: str = _about(
        "365", "how long a closed inquiry is kept that is no customer's; those of customers stay with the contract"
    )
    INBOUND_HOST: str = _about("127.0.0.1", "address that the door for arriving mail listens on")
    INBOUND_LMTP_PORT: str = _about("2528", "its port for LMTP, which a mail server delivers to; 0: none")
    INBOUND_SMTP_PORT: str = _about("2527", "its port for SMTP; 0: none")
    INBOUND_CONNECTIONS: str = _about("100", "connections to the door at once; more are sent away for now")
    INBOUND_SIZE: str = _about(
        "21000000", "largest mail that is taken, in bytes; some more than the mail server before it"
    )
    INBOUND_HANDLED_DAYS: str = _about("7", "how long a mail is kept that did what it is for")
    INBOUND_KEPT_DAYS: str = _about("30", "how long unrecognised mail is kept, and mail that staff have seen to")
    IMAP_HOST: str = _about("", "mail server whose mailbox is emptied every minute, by IMAP; empty: none")
    IMAP_PORT: str = _about("993", "port of that mail server")
    IMAP_TLS: str = _about("on", "on or off; off on this machine only")
    IMAP_CA_FILE: str = _about("", "certificates that prove it; empty: the system's")
    IMAP_USER: str = _about("", "name to log in with")
    IMAP_PASSWORD: str = _about("", "its password")
    IMAP_FOLDER: str = _about("INBOX", "folder that mail is fetched from")
    IMAP_DONE_FOLDER: str = _about(
        "", "folder that fetched mail is moved to, made if missing; empty: it stays there as seen, until you delete it"
    )
    LOGIN_IDLE_MINUTES: str = _about("30", "a sign-in ends after this time without a request")
    LOGIN_HOURS: str = _about("12", "a sign-in ends after this time in any case")
    SIGN_IN_HISTORY_DAYS: str = _about("180", "how long attempts to sign in are kept and shown to the person (8-2)")
    SECURE_COOKIES: str = _about("", "1 or 0; empty means: as PORTAL_URL is https or not")
    TRUSTED_PROXIES: str = _about("0", "number of reverse proxies whose X-Forwarded-* headers are believed")
    SEND_WORKERS: str = _about("", "processes that send; empty means one per core")
    BATCH_SIZE: str = _about("200", "recipients that a worker takes at once")
    CUSTOMER_RATE: str = _about("", "mails of one customer, as 100/s or 6000/min; empty means as fast as it goes")
    SENDER_RATE: str = _about("", "mails of one sending domain, in the same form")
    PROVIDER_RATES: str = _about(
        "",
        "mails and connections to providers, as `docomo=600/min*5 au=10/s`; `careful` for sending without an own MTA",
    )
    WARM_UP: str = _about(
        "", "`domain` warms up each sending domain, `pool` our own addresses as a whole; empty: neither"
    )
    LEASE_SECONDS: str = _about("60", "how long a batch belongs to a worker without a sign of life")
    BOUNCE_SETTLING_HOURS: str = _about("72", "a mail that has not come back after this time counts as a success")
    BOUNCE_CUMULATIVE: str = _about(
        "0", "1 removes an address at its third failure ever; 0 at the third in a row, as the terms say (17-5)"
    )
    SQLITE_SYNCHRONOUS: str = _about("FULL", "SQLite's synchronous pragma; FULL survives power loss")
    CONTRACT_END: str = _about(
        "aligned", "aligned: terms end with the month of their last day; literal: on that day (Art. 5)"
    )
    ADVERSE_NOTICE_DAYS: str = _about(
        "30", "days for which worse prices or terms must have been public before they hold (Art. 4-6)"
    )
    IMAGE_QUOTA_MB: str = _about("300", "megabytes of images a customer may keep; by course: `300 light:100 pro:2000`")
    LOOKS_KEPT_DAYS: str = _about("365", "how long it is kept which member of staff looked at whose personal data")
    REPORTS_KEPT_DAYS: str = _about("180", "how long a report of abuse is kept after staff have dismissed it")
    LOG_LEVEL: str = _about("INFO", "DEBUG, INFO, WARNING or ERROR")

    @property
    def var(self) -> Path:
        return Path(self.VAR_DIR) if self.VAR_DIR else ROOT / "var"

    @property
    def database_url(self) -> str:
        return self.DATABASE_URL or f"sqlite:///{self.var / 'wem.sqlite3'}"

    @property
    def redis_url(self) -> str:
        return self.REDIS_URL or f"unix://{quote(str(self.redis_socket))}"

    @property
    def redis_socket(self) -> Path:
        """Where the embedded Redis listens: in VAR_DIR, or in /tmp when that path is too long for a socket."""
        listening = self.var.absolute() / "run" / "redis.sock"
        if len(os.fsencode(listening)) <= SOCKET_PATH_BYTES:
            return listening
        digest = hashlib.sha256(os.fsencode(self.var.absolute())).hexdigest()[:16]
        return Path(f"/tmp/wem-{os.getuid()}-{digest}/redis.sock")  # noqa: S108 - the folder is ours alone, checked

    @property
    def bounce_domain(self) -> str:
        return self.BOUNCE_DOMAIN or f"bounce.{self.SERVICE_DOMAIN}"

    @property
    def dns_servers(self) -> list[tuple[str, int]]:
        """The name servers to ask, as (address, port); empty for the system's own."""
        written = [each.strip() for each in self.DNS_SERVERS.split(",") if each.strip()]
        pairs = [each.rpartition(":") if each.count(":") == 1 else (each, "", "53") for each in written]
        return [(host, int(port)) for host, _, port in pairs]

    @property
    def portal_host(self) -> str:
        return urlsplit(self.PORTAL_URL).netloc

    @property
    def public_host(self) -> str:
        return urlsplit(self.PUBLIC_URL).netloc

    @property
    def secure_cookies(self) -> bool:
        return self.SECURE_COOKIES == "1" if self.SECURE_COOKIES else self.PORTAL_URL.startswith("https:")

    @property
    def inbound_size(self) -> int:
        """The largest mail that is taken, in bytes."""
        return int(self.INBOUND_SIZE)

    @property
    def send_workers(self) -> int:
        return int(self.SEND_WORKERS or 0) or os.cpu_count() or 1

    @property
    def batch_size(self) -> int:
        return int(self.BATCH_SIZE)

    @property
    def lease_seconds(self) -> float:
        return float(self.LEASE_SECONDS)

    @property
    def production(self) -> bool:
        return self.WEM_ENV == "production"


def load(environ: dict[str, str] | None = None) -> Settings:
    """Return the settings of this process.

    Raises SettingsError when production lacks a key or a value cannot be read.
    """
    given = os.environ if environ is None else environ
    values = {f.name: given[f.name] for f in fields(Settings) if f.name in given}
    loaded = Settings(**values)
    if loaded.WEM_ENV not in ("development", "testing", "production"):
        raise SettingsError(f"WEM_ENV is {loaded.WEM_ENV!r}; it must be development, testing or production")
    if loaded.portal_host == loaded.public_host:
        raise SettingsError("PORTAL_URL and PUBLIC_URL must differ in host or port: end users' pages set no cookie")
    for name in NUMBERS:
        if not getattr(loaded, name).isdigit():
            raise SettingsError(f"{name} is {getattr(loaded, name)!r}; it must be a whole number")
    for name, form in _FORMS.items():
        if not re.fullmatch(form, getattr(loaded, name)):
            raise SettingsError(f"{name} is {getattr(loaded, name)!r}; docs/settings.md says what it may be")
    if loaded.SMTP_TLS not in ("", "off", "try", "require"):
        raise SettingsError(f"SMTP_TLS is {loaded.SMTP_TLS!r}; it must be off, try or require")
    if loaded.production:
        _check_log(loaded)
    keys = {name: getattr(loaded, name) or _kept_key(loaded, name) for name in ("SECRET_KEY", "MASTER_KEY")}
    return Settings(**{**values, **keys})


def _check_log(loaded: Settings) -> None:
    """Refuse a log of erasures that goes with the disk, or the folder, that a restored backup is to replace."""
    if not loaded.ERASURE_LOG:
        raise SettingsError("ERASURE_LOG is missing; set it to a file outside VAR_DIR, best on another disk")
    if Path(loaded.ERASURE_LOG).absolute().is_relative_to(loaded.var.absolute()):
        raise SettingsError("ERASURE_LOG stands in VAR_DIR; set it to a file outside, best on another disk")


def _kept_key(loaded: Settings, name: str) -> str:
    """Return a key kept in VAR_DIR/keys, made when it is not there yet; only outside production."""
    if loaded.production:
        raise SettingsError(f"{name} is missing; set it to 64 random characters and keep it safe")
    kept = loaded.var / "keys" / name.lower()
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with open(kept, "x", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return kept.read_text("ascii").strip()


def settings() -> Settings:
    """Return the settings of the running application."""
    loaded: Settings = current_app.config["WEM"]
    return loaded
