"""Writing a report: whole or not at all."""

from __future__ import annotations

import json

import pytest

from pytest_lmworkbook.errors import LMWorkbookError
from pytest_lmworkbook.judge.verdict import CaseResult, RunResult, Verdict
from pytest_lmworkbook.report import formats

CASE = CaseResult(
    problem="lm/4.1", case="value", kind="derive", verdict=Verdict.ACCEPTED, points=1 / 3, max_points=1 / 3,
    hints=("é",), metrics={"examples": 3},
)  # fmt: skip
RUN = RunResult(
    version="1", workbook="lm", submission="/s", variant="", seed=None, isolation="none", device="cpu",
    started_at="2026-01-01T00:00:00+00:00", duration_s=0.12345, cases=(CASE, CASE, CASE),
)  # fmt: skip


def test_targets():
    name, path = formats.parse_target("json:a:b/c.json")
    assert (name, str(path)) == ("json", "a:b/c.json")


@pytest.mark.parametrize("text", ["", "json", "json:", ":x", "xml:x", "JSON:x"])
def test_bad_targets(text):
    with pytest.raises(LMWorkbookError, match="wanted FORMAT:PATH"):
        formats.parse_target(text)


def test_thirds_add_up_to_one(tmp_path):
    formats.write_report(RUN, "json", tmp_path / "r.json")
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert (report["points"], report["max_points"], report["duration_s"]) == (1.0, 1.0, 0.123)
    assert report["cases"][0]["hints"] == ["é"]


def test_a_case_survives_the_way_through_json():
    assert CaseResult.from_json(json.loads(json.dumps(CASE.to_json()))) == CASE


def test_others_may_read_a_report(tmp_path):
    formats.write_report(RUN, "json", tmp_path / "r.json")
    assert (tmp_path / "r.json").stat().st_mode & 0o777 == 0o644


def test_a_failure_half_way_leaves_the_old_report_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "r.json"
    path.write_text("old", encoding="utf-8")

    def fail(run):
        raise RuntimeError("half way")

    monkeypatch.setitem(formats.FORMATS, "json", fail)
    with pytest.raises(RuntimeError, match="half way"):
        formats.write_report(RUN, "json", path)
    assert [one.name for one in tmp_path.iterdir()] == ["r.json"]
    assert path.read_text(encoding="utf-8") == "old"
