"""
Tests as JUnit XML, which every CI system reads.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook_engine.cli.checked import Report
    from webhook_engine.testing.rehearsal import TestResult

# XML 1.0, 2.2: everything else cannot stand in a document, not even escaped.
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document_of(reports: Sequence[Report]) -> bytes:
    """
    One `testsuite` for each file: its tests, and as a test of its own whether it reads and lint finds nothing.
    """
    root = ET.Element("testsuites", name="webhook-engine")
    for report in reports:
        root.append(_suite(report))
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _suite(report: Report) -> ET.Element:
    problems = [
        str(each) for each in (report.error.problems if report.error is not None else report.findings)
    ]
    suite = ET.Element(
        "testsuite",
        name=_text(str(report.path)),
        tests=str(len(report.tests) + 1),
        failures=str(len(report.failed) + (report.error is None and bool(problems))),
        errors=str(int(report.error is not None)),
        time=f"{sum(each.took_s for each in report.tests):.6f}",
    )
    reads = ET.SubElement(suite, "testcase", classname=_text(str(report.path)), name="definitions", time="0")
    if problems:
        kind = "error" if report.error is not None else "failure"
        ET.SubElement(reads, kind, message=_text(problems[0])).text = _text("\n".join(problems))
    for each in report.tests:
        suite.append(_case(each, str(report.path)))
    return suite


def _case(result: TestResult, path: str) -> ET.Element:
    case = ET.Element("testcase", classname=_text(path), name=_text(result.name), time=f"{result.took_s:.6f}")
    if not result.passed:
        told = "\n".join(map(str, result.failures))
        ET.SubElement(case, "failure", message=_text(result.failures[0].what)).text = _text(
            f"{result.place}\n{told}"
        )
    return case


def _text(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
