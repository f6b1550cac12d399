#!/usr/bin/env python3
"""Counts the tests of one or more result folders and ends with "N passed, N failed".

A folder holds gtest/<program>.xml with one file for each GoogleTest program, ctest-*.xml and
pytest.xml in JUnit form, and the exit status of each runner beside them. GoogleTest cases are
counted one by one; any other ctest test counts as one. A program that crashed, timed out or failed
after its last case counts as one failure more, and so does a runner that left no results. A test
that was skipped or switched off counts as failed: it proves nothing.
"""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


class Tally:
    def __init__(self):
        self.passed = 0
        self.failures = []

    def add(self, name, problem):
        if problem:
            self.failures.append(f"{name}: {problem}")
        else:
            self.passed += 1


def problem_of(case):
    """What is wrong with a JUnit test case, or None."""
    for tag, text in (("failure", "failed"), ("error", "error"), ("skipped", "skipped")):
        if case.find(tag) is not None:
            return text
    if case.get("status") in ("notrun", "disabled") or case.get("result") == "suppressed":
        return "not run"
    return "failed" if case.get("status") == "fail" else None


def cases_of(path):
    return list(ElementTree.parse(path).getroot().iter("testcase"))


def count_program(tally, program, failed, report):
    """One ctest test, with the report of its single cases where it wrote one."""
    cases = []
    if report.exists():
        try:
            cases = cases_of(report)
        except ElementTree.ParseError:
            failed = failed or "left a broken report"
    blamed = False
    for case in cases:
        problem = problem_of(case)
        blamed = blamed or problem is not None
        tally.add(f"{program} {case.get('classname')}.{case.get('name')}", problem)
    if failed and not blamed:
        tally.add(program, f"{failed} (crash, time-out or a failure outside its cases)")
    elif not cases and not failed:
        tally.add(program, None)


def count_ctest(tally, folder, seen):
    for status in sorted(folder.glob("ctest-*.status")):
        report = status.with_suffix(".xml")
        if not report.exists():
            tally.add(report.stem, "ctest left no results")
            continue
        for case in cases_of(report):
            name = case.get("name")
            if name not in seen:
                seen.add(name)
                count_program(tally, name, problem_of(case), folder / "gtest" / f"{name}.xml")


def count_pytest(tally, folder):
    status = folder / "pytest.status"
    if not status.exists():
        return
    report = folder / "pytest.xml"
    cases = cases_of(report) if report.exists() else []
    before = len(tally.failures)
    for case in cases:
        tally.add(f"{case.get('classname')}.{case.get('name')}", problem_of(case))
    code = int(status.read_text())
    if code != 0 and len(tally.failures) == before:
        tally.add("pytest", f"ended with status {code}")


def main(folders):
    total = Tally()
    for folder in map(Path, folders):
        tally = Tally()
        count_ctest(tally, folder, set())
        count_pytest(tally, folder)
        for line in tally.failures:
            print(f"FAILED {folder.name}: {line}")
        if len(folders) > 1:
            print(f"{folder.name}: {tally.passed} passed, {len(tally.failures)} failed")
        total.passed += tally.passed
        total.failures += tally.failures
    if not total.passed and not total.failures:
        print("no test ran")
    print(f"{total.passed} passed, {len(total.failures)} failed", flush=True)
    return 1 if total.failures or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
