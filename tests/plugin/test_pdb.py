"""``--pdb``: in the student's own frame, because the default tier is then ``none``."""

from __future__ import annotations

import pytest

#: A debugger that writes down where it was called, instead of asking somebody.
RECORDER = """
    import pdb


    class Recorder(pdb.Pdb):
        def interaction(self, frame, traceback_or_error):
            trace = getattr(traceback_or_error, "__traceback__", traceback_or_error)
            while trace.tb_next:
                trace = trace.tb_next
            frame = trace.tb_frame
            with open("debugged.txt", "a", encoding="utf-8") as file:
                file.write(f"{frame.f_code.co_name} {frame.f_locals.get('height')}\\n")
"""


@pytest.fixture
def debugger(student, monkeypatch):
    student.pytester.makepyfile(recorder=RECORDER)
    monkeypatch.syspath_prepend(student.pytester.path)
    student.options += ["--pdb", "--pdbcls=recorder:Recorder"]
    return student


def seen(student):
    path = student.pytester.path / "debugged.txt"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def test_it_stops_where_the_students_code_failed(debugger):
    debugger.write(
        mini_ch01="""
        def rectangle(width, height):
            return deeper(width, height)

        def deeper(width, height):
            return width / (height - height)
        """
    )
    result, report = debugger.grade("--lm-problem=mini/1.1", "-k", "value")
    assert report["isolation"] == "none"
    assert report["cases"][0]["verdict"] == "crashed"
    assert seen(debugger) == ["deeper 7"]
    result.stdout.fnmatch_lines(["*ZeroDivisionError*"])


def test_a_case_that_is_not_run_stops_nowhere(debugger):
    debugger.write(mini_ch01="def rectangle(width, height):\n    raise NotImplementedError\n")
    debugger.run("--lm-problem=mini/1.1").assert_outcomes(skipped=2)
    assert seen(debugger) == []


def test_isolation_process_wins_over_the_default(debugger):
    debugger.write(mini_ch01="def rectangle(width, height):\n    return 1 / 0\n")
    _, report = debugger.grade("--lm-problem=mini/1.1", "--lm-isolation=process")
    assert report["isolation"] == "process"
