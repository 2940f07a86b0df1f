"""``--lm-report json:PATH``: the run as JSON, schema ``lmworkbook/result/v1``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_lmworkbook.judge.verdict import RunResult


def render(run: RunResult) -> str:
    """The whole report as text."""
    return json.dumps(run.to_json(), indent=2, ensure_ascii=False) + "\n"
