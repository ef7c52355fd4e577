"""Each queue has a worker; each job that is rung exists, takes what it is rung with, and that is ids."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.conftest import settings_for_tests
from tests.invariants.sources import Module, argument, calls, constants_of, dotted, modules
from wem import queue, schedule
from wem.running import programs
from wem.settings import ROOT

# (job, parameter): why something that is no id is carried through Redis.
NOT_AN_ID = {
    ("wem.delivery.jobs.send", "shard"): "tells the rings of several processes apart; means nothing",
}


@dataclass(frozen=True)
class Ring:
    """One place in the code that rings a job."""

    where: str
    queue: str
    jobs: tuple[str, ...]  # more than one when it is chosen from a table
    arguments: int


def rings() -> Iterator[Ring]:
    for module in modules():
        if module.name in ("wem.queue", "wem.schedule"):  # the timetable rings what stands in its own table
            continue
        for call in calls(module.tree, "queue.ring", "queue.ring_now", "ring", "ring_now"):
            starred = any(isinstance(each, ast.Starred) for each in call.args)
            count = -1 if starred else len(call.args) - 2
            name = dotted(argument(call, 0, "queue") or call).rpartition(".")[2]
            jobs = tuple(names_of(argument(call, 1, "job"), module))
            yield Ring(module.where(call), getattr(queue, name, name), jobs, count)


def names_of(node: ast.expr | None, module: Module) -> list[str]:
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    return constants_of(dotted(node.value), module) if isinstance(node, ast.Subscript) else []


def by_name() -> list[tuple[str, str, str, int]]:
    """Return (where, queue, job, number of arguments) of each ring and each line of the timetable."""
    found = [("wem/schedule.py", each.queue, each.job, 0) for each in schedule.TIMETABLE]
    return found + [(ring.where, ring.queue, job, ring.arguments) for ring in rings() for job in ring.jobs]


def test_every_queue_has_a_worker() -> None:
    commands = [program.command for program in programs.workers(settings_for_tests(ROOT / "var"))]
    served = [name for command in commands if "worker.py" in command for name in command[2:]]
    assert set(served) == set(queue.QUEUES)
    assert all(len(command) == 3 for command in commands if "worker.py" in command), "one queue per worker"


def test_the_timetable_runs_once() -> None:
    commands = [program.command for program in programs.workers(settings_for_tests(ROOT / "var"))]
    assert sum(command[-1] == "timetable" for command in commands) == 1


def test_sending_has_as_many_workers_as_the_setting_says() -> None:
    settings = settings_for_tests(ROOT / "var", SEND_WORKERS="3")
    assert sum(program.command[-1] == queue.SEND for program in programs.workers(settings)) == 3


def test_jobs_are_rung_by_a_name_that_stands_in_the_code() -> None:
    """A name that is put together cannot be searched for, nor checked here."""
    assert [ring.where for ring in rings() if not ring.jobs] == []


@pytest.mark.parametrize(("where", "queue_name", "job", "count"), by_name())
def test_the_job_exists_and_takes_what_it_is_rung_with(where: str, queue_name: str, job: str, count: int) -> None:
    assert queue_name in queue.QUEUES, f"{where}: no such queue"
    module_name, _, function_name = job.rpartition(".")
    assert module_name.endswith(".jobs"), f"{where}: jobs stand in a domain's jobs.py"
    module = importlib.import_module(module_name)
    function = getattr(module, function_name, None)
    assert callable(function), f"{where}: {job} does not exist"
    if count >= 0:
        inspect.signature(function).bind(*range(count))


@pytest.mark.parametrize("job", sorted({job for _, _, job, _ in by_name()}))
def test_arguments_are_ids(job: str) -> None:
    """Redis may be lost, read or old: it carries numbers, the database the truth."""
    module_name, _, function_name = job.rpartition(".")
    function = getattr(importlib.import_module(module_name), function_name)
    for name, parameter in inspect.signature(function).parameters.items():
        assert parameter.annotation in ("int", "str", int, str), f"{job}({name}) is {parameter.annotation}"
        is_id = name == "id" or name.endswith("_id")
        assert is_id or (job, name) in NOT_AN_ID, f"{job}({name}) is no id"


def test_every_job_is_rung_by_somebody() -> None:
    rung = {job for _, _, job, _ in by_name()}
    jobs = {
        f"{module.name}.{node.name}"
        for module in modules()
        if module.name.endswith(".jobs")
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    assert jobs <= rung, f"nobody rings {sorted(jobs - rung)}"


def test_redis_carries_json() -> None:
    """RQ's own choice is pickle: whoever writes to Redis would run code in the workers."""
    made = [
        (module.where(call), argument(call, 99, "serializer"))
        for module in modules()
        for call in calls(module.tree, "Queue", "rq.Queue", "Worker", "rq.Worker", "FlaskWorker", "Job.fetch")
    ]
    assert made
    wrong = [where for where, given in made if not (isinstance(given, ast.Constant) and given.value == "json")]
    assert not wrong, wrong
