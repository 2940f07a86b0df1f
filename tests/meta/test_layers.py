"""Imports go to the left: errors <- problem <- properties <- judge <- kinds <- report <- grading <- ... <- plugin."""

from __future__ import annotations

import sys

import pytest

OURS = "pytest_lmworkbook"
IMPORT, CALL, TYPING = "when imported", "when called", "for types only"

LAYERS: tuple[tuple[str, ...], ...] = (
    ("", "errors", "hookspecs"),
    ("problem",),
    ("properties",),
    ("judge",),
    ("kinds",),
    ("report",),
    ("grading",),
    ("authoring", "learn"),
    ("settings", "builtin_set", "collect", "session", "doctor", "cli"),
    ("plugin",),
)
#: Leaves that any layer may import: plain data without imports of ours.
LEAVES = {f"{OURS}.judge.verdict", f"{OURS}.builtin_set", OURS}

#: Imports to the right that exist for a reason; types only, never at run time.
ALLOWED = {
    (f"{OURS}.errors", f"{OURS}.problem.diagnostics"): "ProblemFileError carries diagnostics",
    (f"{OURS}.hookspecs", f"{OURS}.kinds.base"): "a hook's specification names what it returns",
}

#: Heavy or optional: imported in the function that needs it, so that start-up does not pay.
LAZY = {"torch", "numpy", "hypothesis", "triton", "pint", "jaxtyping"}

PYTEST_AT = {"plugin", "settings", "collect", "session", "hookspecs"}

#: All that handles a submission's values inside a worker: the wire format, and what looks at student code.
WORKER_MODULES = {
    f"{OURS}.judge.{name}"
    for name in (
        "arrays",
        "codec",
        "forbidden",
        "frames",
        "protocol",
        "stubs",
        "submission_modules",
        "traces",
    )
}
#: The judge's own side of the socket: the rest of its package may be loaded in the fork server.
JUDGE_SIDE = {
    f"{OURS}.judge.{name}"
    for name in ("answers", "connection", "in_memory", "in_process", "launch", "process", "verdict")
}


def layer_of(module: str) -> int:
    """Place in the order, by module or by package; every module has one."""
    name = module.removeprefix(OURS).lstrip(".")
    for place, names in enumerate(LAYERS):
        if name in names or name.partition(".")[0] in names:
            return place
    pytest.fail(f"{module} has no place in LAYERS: decide what it may know, then add it")


def ours(imports):
    return [one for one in imports if one.top == OURS]


def edges(imports, *, whens=(IMPORT, CALL)):
    graph: dict[str, set[str]] = {}
    for one in ours(imports):
        if one.when in whens and one.imported != one.importer:
            graph.setdefault(one.importer, set()).add(one.imported)
    return graph


def reachable(graph, *starts):
    found, todo = set(), list(starts)
    while todo:
        for further in graph.get(todo.pop(), ()):
            if further not in found:
                found.add(further)
                todo.append(further)
    return found


def test_imports_go_left(imports):
    wrong = [
        str(one)
        for one in ours(imports)
        if layer_of(one.imported) > layer_of(one.importer)
        and one.imported not in LEAVES
        and not (one.when == TYPING and (one.importer, one.imported) in ALLOWED)
    ]
    assert wrong == []


def test_allowed_exceptions_are_used(imports):
    used = {(one.importer, one.imported) for one in ours(imports) if one.when == TYPING}
    assert set(ALLOWED) - used == set()


def test_leaves_import_nothing_of_ours(imports):
    assert [str(one) for one in ours(imports) if one.importer in LEAVES] == []


def test_no_module_imports_itself_through_others(imports):
    graph = edges(imports)
    assert [module for module in graph if module in reachable(graph, module)] == []


def test_pytest_at_the_edge_only(imports):
    wrong = [
        str(one)
        for one in imports
        if one.top in {"pytest", "_pytest"}
        and one.importer.removeprefix(f"{OURS}.") not in PYTEST_AT
    ]
    assert wrong == []


def test_yaml_is_read_in_one_place(imports):
    assert {one.importer for one in imports if one.top == "yaml"} == {f"{OURS}.problem.source"}


def test_heavy_libraries_wait_for_a_call(imports):
    assert [str(one) for one in imports if one.top in LAZY and one.when == IMPORT] == []


def test_worker_reaches_nothing_that_knows_an_answer(imports):
    reached = reachable(edges(imports), f"{OURS}.judge.worker")
    assert f"{OURS}.judge.protocol" in reached
    assert reached - {OURS, f"{OURS}.judge"} - WORKER_MODULES == set()


def test_fork_server_stays_on_its_side(imports):
    """Student code runs in its children, which inherit whatever it has loaded."""
    reached = reachable(edges(imports), f"{OURS}.judge.forkserver", f"{OURS}.judge.child")
    assert f"{OURS}.judge.worker" in reached
    assert [name for name in reached if not name.startswith(f"{OURS}.judge.")] == []
    assert reached & JUDGE_SIDE == set()


def test_package_names_no_problem_set(imports):
    folders = {"reference", "kernels", "problems", "student_template", "benchmarks", "tests"}
    assert [str(one) for one in imports if one.top in folders] == []


@pytest.mark.parametrize(
    ("folder", "allowed"),
    [
        ("reference", {"reference", "torch", "numpy", "jaxtyping"}),
        ("kernels", {"kernels", "torch", "triton"}),
        ("student_template", {"torch", "triton"}),
    ],
)
def test_problem_set_stands_alone(root, imports_in, folder, allowed):
    assert list((root / folder).rglob("*.py"))
    found = imports_in(folder)
    allowed = allowed | sys.stdlib_module_names
    assert [str(one) for one in found if one.top not in allowed] == []
