"""The JSON Schema of problem files, made from the models of all kinds; editors complete and check with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Field, TypeAdapter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_lmworkbook.problem.load import KindLoader


def problem_schema(kinds: Mapping[str, KindLoader]) -> dict[str, Any]:
    """One schema for all kinds; ``kind`` decides which keys there are."""
    models: Any = tuple(kinds[name].spec for name in sorted(kinds))
    union = Annotated[Union[models], Field(discriminator="kind")]  # noqa: UP007  # built at run time from a tuple
    schema: dict[str, Any] = TypeAdapter(union).json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A problem of pytest-lmworkbook",
        **schema,
    }


def render_schema(kinds: Mapping[str, KindLoader]) -> str:
    """The schema as the file that is shipped beside the problems."""
    return json.dumps(problem_schema(kinds), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
