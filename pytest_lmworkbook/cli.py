"""The ``lmworkbook`` command: parses, calls, prints; no logic of its own."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_lmworkbook import __version__
from pytest_lmworkbook.builtin_set import builtin_root
from pytest_lmworkbook.errors import LMWorkbookError, ProblemFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_lmworkbook.authoring.catalogue import Catalogue


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when all went well, 1 when a check failed, 2 when the call was wrong."""
    options = _parser().parse_args(argv)
    try:
        return int(options.run(options))
    except ProblemFileError as fault:
        from pytest_lmworkbook.problem.diagnostics import render_diagnostics

        print(render_diagnostics(fault.diagnostics), file=sys.stderr)
    except LMWorkbookError as fault:
        print(f"lmworkbook: {fault}", file=sys.stderr)
    except BrokenPipeError:  # `lmworkbook list | head`
        sys.stderr.close()
    return 2


def _new(options: argparse.Namespace) -> int:
    from pytest_lmworkbook.learn.template import render_template, write_template

    catalogue = _catalogue(options)
    files = render_template(
        catalogue.workbook(options.workbook), catalogue.kinds, variant=options.variant
    )
    write_template(files, options.dir)
    print(f"wrote {len(files)} files to {options.dir}; next: cd {options.dir} && pytest")
    return 0


def _list(options: argparse.Namespace) -> int:
    records = _catalogue(options).listing(options.workbook)
    if options.json:
        print(json.dumps(records, indent=2, ensure_ascii=False))
        return 0
    for record in records:
        print(f"{record['id']:<12} {record['kind']:<8} {record['points']:>4g}  {record['title']}")
    return 0


def _show(options: argparse.Namespace) -> int:
    from pytest_lmworkbook.authoring.show import render_problem

    catalogue = _catalogue(options)
    problem = catalogue.find(options.id)
    kind = catalogue.kinds[problem.spec.kind]
    print(
        render_problem(
            problem, kind, variant=options.variant, hints=options.hint, explain=options.explain
        )
    )
    return 0


def _answer(options: argparse.Namespace) -> int:
    from pytest_lmworkbook.problem.model import Problem

    catalogue = _catalogue(options)
    if options.all:
        problems = [one for one in catalogue.problems() if isinstance(one, Problem)]
    else:
        problems = [catalogue.find(identity) for identity in options.id]
    answers = catalogue.answers(problems, options.variant)
    if options.json:
        print(json.dumps(answers, indent=2, ensure_ascii=False))
        return 0
    for identity, answer in answers.items():
        value = answer["answer"]
        print(f"{identity:<12} {value['value']:,.10g} {value['unit']}".rstrip())
    for problem in problems:
        if problem.id not in answers and not options.all:
            print(
                f"{problem.id:<12} has no numeric answer; see lmworkbook show {problem.id} --explain"
            )
    return 0


def _schema(options: argparse.Namespace) -> int:
    from pytest_lmworkbook.problem.schema import render_schema

    print(render_schema(_catalogue(options).kinds), end="")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from pytest_lmworkbook.authoring.verdicts import render_total
    from pytest_lmworkbook.authoring.verify import verify_problems

    catalogue = _catalogue(options)
    problems = (
        [catalogue.find(one) for one in options.id] if options.id else list(catalogue.problems())
    )
    reports = []
    for report in verify_problems(problems, catalogue.kinds, mutate=options.mutate):
        reports.append(report)
        if not options.json:
            print(report.render(grid=bool(options.id)), flush=True)
    is_clean = not any(report.faults for report in reports)
    if options.json:
        record = {"clean": is_clean, "problems": [report.to_json() for report in reports]}
        print(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        print(render_total(reports))
    return 0 if is_clean else 1


def _doctor(options: argparse.Namespace) -> int:
    from pytest_lmworkbook.doctor import examine, render_findings

    findings = examine(_catalogue(options))
    print(render_findings(findings))
    return 0 if all(finding.works or finding.optional for finding in findings) else 1


def _catalogue(options: argparse.Namespace) -> Catalogue:
    from pytest_lmworkbook.authoring.catalogue import Catalogue
    from pytest_lmworkbook.kinds.registry import load_kinds

    for path in options.problems:
        if not (path / "problems").is_dir():
            raise LMWorkbookError(
                f"--problems: {path} is no problem set: it has no folder 'problems'"
            )
    return Catalogue([path.resolve() for path in options.problems], builtin_root(), load_kinds())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lmworkbook",
        description="Problems of language-model engineering: start, look up, check. Grade with `pytest --lm-chapter 4`.",
    )
    parser.add_argument("--version", action="version", version=f"lmworkbook {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--problems",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="a folder with an own problem set",
    )
    variant = argparse.ArgumentParser(add_help=False)
    variant.add_argument(
        "--variant", default="", metavar="NAME", help="inputs and orders of this variant"
    )
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="print JSON")

    new = commands.add_parser("new", parents=[common, variant], help="write a starter repository")
    new.add_argument("dir", type=Path, metavar="DIR")
    new.add_argument("--workbook", default="lm", metavar="NAME")
    new.set_defaults(run=_new)

    listing = commands.add_parser("list", parents=[common, as_json], help="list the problems")
    listing.add_argument("--workbook", default="", metavar="NAME", help="only this workbook")
    listing.set_defaults(run=_list)

    show = commands.add_parser("show", parents=[common, variant], help="show a problem")
    show.add_argument("id", metavar="ID", help="lm/4.1, or 4.1")
    show.add_argument("--hint", action="count", default=0, help="with a hint; twice for two")
    show.add_argument(
        "--explain", action="store_true", help="with the explanation (it gives the answer away)"
    )
    show.set_defaults(run=_show)

    answer = commands.add_parser(
        "answer", parents=[common, variant, as_json], help="numeric answers, for instructors"
    )
    chosen = answer.add_mutually_exclusive_group(required=True)
    chosen.add_argument("id", nargs="*", default=[], metavar="ID")
    chosen.add_argument(
        "--all", action="store_true", help="every problem that has a numeric answer"
    )
    answer.set_defaults(run=_answer)

    schema = commands.add_parser(
        "schema", parents=[common], help="print the JSON Schema of problem files"
    )
    schema.set_defaults(run=_schema)

    verify = commands.add_parser(
        "verify", parents=[common, as_json], help="prove that problems catch the mistakes they name"
    )
    verify.add_argument("id", nargs="*", metavar="ID", help="all problems when none is given")
    verify.add_argument(
        "--mutate", action="store_true", help="also try generic mutants of the references"
    )
    verify.set_defaults(run=_verify)

    doctor = commands.add_parser(
        "doctor", parents=[common], help="what works on this machine, and what to do when not"
    )
    doctor.set_defaults(run=_doctor)
    return parser


if __name__ == "__main__":
    sys.exit(main())
