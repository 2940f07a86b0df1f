"""Loads references the way the package does: as a folder of modules without a fixed name."""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = "lmworkbook_references_under_test"


@pytest.fixture(scope="session")
def reference():
    """Give a module of ``reference/`` by its name."""
    package = types.ModuleType(PACKAGE)
    package.__path__ = [str(ROOT / "reference")]
    sys.modules[PACKAGE] = package
    yield lambda name: importlib.import_module(f"{PACKAGE}.{name}")
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
