"""Each queue has a worker; each job that is rung exists, takes what it is rung with, and that is ids."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.conftest import settings_for_tests
from tests.invariants.sources import Module, argument, calls, constants_of, dotted, modules
from wem import queue, schedule
from wem.running import programs
from wem.settings import ROOT

# How the files of jobs end.
JOBS = (".jobs", "_jobs")
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


@cache
def by_name() -> list[tuple[str, str, str, int]]:
    """Return (where, queue, job, number of arguments) of each ring and each line of the timetable.

    Asked by tests and not while they are collected: every process collects, and this reads the whole product.
    """
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


def function_of(job: str) -> Any:
    module_name, _, function_name = job.rpartition(".")
    return getattr(importlib.import_module(module_name), function_name, None)


def takes(function: Any, count: int) -> bool:
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    return True


def test_jobs_exist_and_take_what_they_are_rung_with() -> None:
    assert by_name()
    for where, queue_name, job, count in by_name():
        assert queue_name in queue.QUEUES, f"{where}: no such queue"
        assert job.rpartition(".")[0].endswith(JOBS), f"{where}: jobs stand in a domain's jobs.py or …_jobs.py"
        function = function_of(job)
        assert callable(function), f"{where}: {job} does not exist"
        assert count < 0 or takes(function, count), f"{where}: {job} does not take {count} arguments"


def test_arguments_are_ids() -> None:
    """Redis may be lost, read or old: it carries numbers, the database the truth."""
    for job in sorted({job for _, _, job, _ in by_name()}):
        for name, parameter in inspect.signature(function_of(job)).parameters.items():
            assert parameter.annotation in ("int", "str", int, str), f"{job}({name}) is {parameter.annotation}"
            is_id = name == "id" or name.endswith("_id")
            assert is_id or (job, name) in NOT_AN_ID, f"{job}({name}) is no id"


def test_every_job_is_rung_by_somebody() -> None:
    rung = {job for _, _, job, _ in by_name()}
    jobs = {
        f"{module.name}.{node.name}"
        for module in modules()
        if module.name.endswith(JOBS)
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
