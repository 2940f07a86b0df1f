"""The documentation is true: its files are written, its commands run, what it shows appears, its links lead somewhere."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_lmworkbook import cli
from pytest_lmworkbook.kinds.registry import load_kinds
from pytest_lmworkbook.problem.load import BrokenProblem, load_problem
from pytest_lmworkbook.problem.model import Part, Problem
from pytest_lmworkbook.properties.library import LIBRARY

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
)

_FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^# ([\w./-]+\.(?:py|yaml|toml))\n")
_LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """A line of a console block, without its prompt and comment, and the lines shown below it."""

    text: str
    shown: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        language: The word behind the fence.
        flags: What else stands there: ``parse-only`` commands are not run, ``slow`` ones not every time.
    """

    language: str
    flags: str
    text: str

    @property
    def file(self) -> str:
        """The file that the block's first line names; empty for most blocks."""
        found = _FILE.match(self.text)
        return found[1] if found else ""

    @property
    def commands(self) -> list[Command]:
        """The commands of a console block."""
        found: list[tuple[str, list[str]]] = []
        for line in self.text.splitlines() if self.language == "console" else ():
            if line.startswith("$ "):
                found.append((line[2:].partition("  #")[0].rstrip(), []))
            elif found:
                found[-1][1].append(line)
        return [Command(text, tuple(shown)) for text, shown in found]


def read_blocks(page: Path) -> list[Block]:
    """Every fenced block of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(*(group.strip(" ") for group in match.groups())) for match in _FENCE.finditer(text)
    ]


def read_links(page: Path) -> list[str]:
    """Every link to another place of the repository."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [link for link in _LINK.findall(text) if "://" not in link]


def read_anchors(page: Path) -> set[str]:
    """What a link may name behind a ``#``, spelled as GitHub spells it."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    titles = [re.sub(r"[^\w\- ]", "", title.lower()) for title in _HEADING.findall(text)]
    return {title.replace(" ", "-") for title in titles}


by_name = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
#: Programs that are not ours; `pip install -e .` is made believe, the others are left out.
NOT_OURS = {"make", "pip", "source", "rm", ".ci/run"}
#: Digits of measured times and of values from tensors differ between machines.
TIME = re.compile(r"\b\d+(\.\d+)? s\b|\bin \d+\.\d+s\b")
TENSOR = re.compile(r"tensor\(.*\)")


@dataclass
class Reader:
    """Somebody who does what a page says, in a folder of their own."""

    folder: Path
    #: Where packages "are installed".
    site: Path
    path: list[str] = field(default_factory=list)

    def do(self, block: Block) -> None:
        """Write the block's file, or run its commands."""
        if block.file:
            target = self.folder / block.file
            target.parent.mkdir(parents=True, exist_ok=True)
            old = (
                target.read_text(encoding="utf-8")
                if block.file == "pyproject.toml" and target.is_file()
                else ""
            )
            target.write_text(_merged(old, block.text), encoding="utf-8")
        for command in block.commands:
            self.run(command)

    def run(self, command: Command) -> None:
        """Run one command, and look for what the page shows below it."""
        words, environment, target = _parts(command.text)
        match words:
            case ["cd", folder]:
                self.folder /= folder
            case ["pip", "install", "-e", "."]:
                self.install()
            case ["lmworkbook", *arguments]:
                output = self.lmworkbook(arguments)
                if target:
                    (self.folder / target).write_text(output, encoding="utf-8")
                _assert_shown(command, output)
            case ["pytest", *arguments]:
                _assert_shown(command, self.pytest(arguments, environment))
            case [program, *_]:
                assert program in NOT_OURS, f"cannot run {command.text!r}"

    def lmworkbook(self, arguments: list[str]) -> str:
        """The output of one of our commands, run here."""
        output = io.StringIO()
        with (
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(output),
            contextlib.suppress(SystemExit),
        ):
            assert cli.main(arguments) == 0, (
                f"lmworkbook {shlex.join(arguments)}\n{output.getvalue()}"
            )
        return output.getvalue()

    def pytest(self, arguments: list[str], environment: dict[str, str]) -> str:
        """The output of a grading run, in a process of its own."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST", "LMWORKBOOK"))
        }
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-p",
                "no:randomly",
                "-p",
                "no:cacheprovider",
                *arguments,
            ],
            cwd=self.folder,
            env={
                **inherited,
                "COLUMNS": "80",
                "PYTHONPATH": os.pathsep.join(self.path),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), f"{done.stdout}{done.stderr}"
        return done.stdout

    def install(self) -> None:
        """What `pip install -e .` leaves behind, as far as entry points go, without a network."""
        project = tomllib.loads((self.folder / "pyproject.toml").read_text(encoding="utf-8"))[
            "project"
        ]
        info = self.site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        )
        lines = [
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
            for group, entries in project["entry-points"].items()
        ]
        (info / "entry_points.txt").write_text("\n".join(lines))
        self.path += [str(self.site), str(self.folder)]
        sys.path[:0] = self.path


@pytest.fixture
def reader(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "desk").mkdir()
    return Reader(tmp_path / "desk", tmp_path / "site")


def _merged(old: str, new: str) -> str:
    """A table that is in both files is the page's; all else stays."""
    tables = [table for table in re.split(r"^(?=\[)", old, flags=re.MULTILINE) if table.strip()]
    kept = [table for table in tables if table.splitlines()[0] not in new]
    return "".join(kept) + new


def _parts(text: str) -> tuple[list[str], dict[str, str], str]:
    """Words, variables set in front, and the file behind a ``>``."""
    words, _, target = text.partition(" > ")
    split = shlex.split(words)
    environment = {}
    while split and re.match(r"^[A-Z_]+=", split[0]):
        name, _, value = split.pop(0).partition("=")
        environment[name] = value
    return split, environment, target.strip()


def _assert_shown(command: Command, output: str) -> None:
    """Every line that the page shows appears, in order; ``...`` stands for any lines."""
    actual = iter(_plain(line) for line in output.splitlines())
    for line in command.shown:
        if line != "...":
            assert _plain(line) in actual, (
                f"$ {command.text}\nshows {line!r}, which does not appear in\n{output}"
            )


def _plain(line: str) -> str:
    return " ".join(TENSOR.sub("tensor(...)", TIME.sub("N s", line)).split())


def _do_all(page, reader, *, but):
    for block in read_blocks(page):
        if not but & set(block.flags.split()):
            reader.do(block)


@by_name
def test_a_reader_gets_what_the_page_shows(page, reader):
    _do_all(page, reader, but={"parse-only", "slow"})


SLOW = [page for page in PAGES if any("slow" in one.flags for one in read_blocks(page))]


@pytest.mark.slow
@pytest.mark.parametrize("page", SLOW, ids=lambda page: page.name)
def test_a_patient_reader_gets_what_the_page_shows(page, reader):
    _do_all(page, reader, but={"parse-only"})


def _commands(page):
    return [command for block in read_blocks(page) for command in block.commands]


@by_name
def test_options_in_commands_exist(page, pytestconfig, capsys):
    """Also in commands that are not run."""
    for command in _commands(page):
        words, _, _ = _parts(command.text)
        if words[0] == "lmworkbook" and "--version" not in words:
            cli._parser().parse_args(words[1:])
        if words[0] == "pytest":
            for word in words[1:]:
                if word.startswith("--lm-"):
                    pytestconfig.getoption(word.partition("=")[0].strip("-").replace("-", "_"))


@by_name
def test_ini_keys_exist(page, pytestconfig):
    names = {
        name
        for block in read_blocks(page)
        for name in re.findall(r"^(lm_\w+) *=", block.text, re.MULTILINE)
    }
    spans = set(re.findall(r"`(lm_\w+)`", page.read_text(encoding="utf-8")))
    for name in names | spans:
        pytestconfig.getini(name)


@by_name
def test_links_lead_somewhere(page):
    broken = []
    for link in read_links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in read_anchors(target)):
            broken.append(link)
    assert broken == []


FORMAT = ROOT / "docs" / "problem-format.md"
EXAMPLES = [block for block in read_blocks(FORMAT) if block.language == "yaml" and not block.file]


def _load(block, tmp_path):
    path = tmp_path / "1.1-example.yaml"
    path.write_text(block.text, encoding="utf-8")
    return load_problem(path, "lm", "1", ROOT, load_kinds())


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: block.text.partition("\n")[0])
def test_an_example_of_the_format_has_no_faults(block, tmp_path):
    problem = _load(block, tmp_path)
    assert not isinstance(problem, BrokenProblem), problem.diagnostics
    load_kinds()[problem.spec.kind].prompt(problem, "")


def test_every_kind_has_an_example(tmp_path):
    found = [_load(block, tmp_path) for block in EXAMPLES]
    assert {one.spec.kind for one in found if isinstance(one, Problem)} == set(load_kinds())


def _models(model: type[Part]) -> set[type[Part]]:
    """A model and every model inside of it."""
    found = {model}
    todo = [info.annotation for info in model.model_fields.values()]
    while todo:
        annotation = todo.pop()
        if isinstance(annotation, type) and issubclass(annotation, Part):
            found |= _models(annotation)
        todo += getattr(annotation, "__args__", ())
    return found


@pytest.mark.parametrize("kind", sorted(load_kinds()))
def test_every_key_is_described(kind):
    text = FORMAT.read_text(encoding="utf-8")
    described = set(re.findall(r"`(?:[\w*\[\]]+\.)*(\w+)(?:\[\])?`", text))
    keys = {
        info.alias or name
        for model in _models(load_kinds()[kind].spec)
        for name, info in model.model_fields.items()
    }
    assert sorted(keys - described) == []


def test_every_property_of_the_library_is_described():
    page = ROOT / "docs" / "properties.md"
    assert sorted(set(LIBRARY) - {anchor.replace("-", "_") for anchor in read_anchors(page)}) == []


def test_faults_that_only_pydantic_words_are_described(tmp_path):
    """A wrong value at every place of every example: whatever code comes of it has a heading."""
    explained = read_anchors(ROOT / "docs" / "messages.md")
    codes = set()
    for block in EXAMPLES:
        lines = block.text.splitlines()
        for number, line in enumerate(lines):
            key, colon, value = line.partition(": ")
            for wrong in (
                ("{}", "[]", "[x, y, z]", "-3", "{x: y}")
                if colon and value and key != "kind"
                else ()
            ):
                text = "\n".join([*lines[:number], f"{key}: {wrong}", *lines[number + 1 :]])
                problem = _load(Block("yaml", "", text), tmp_path)
                codes |= {one.code for one in getattr(problem, "diagnostics", ())}
    assert {"not-a-mapping", "not-a-list", "wrong-number-of-items"} <= codes
    assert sorted(codes - explained) == []
