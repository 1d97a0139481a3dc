"""What words an answer is part of every engine's identity: nothing is kept that other code would say otherwise."""

from __future__ import annotations

import re
from datetime import date

from stackproof.policy.engines.cdk import CdkEngine
from stackproof.policy.engines.cfn_lint import CfnLintEngine
from stackproof.policy.engines.code import _PACKAGE, _SUBJECTS, code_digest, package_digest
from stackproof.policy.engines.versions import VersionsEngine
from tests.fakes import assembly, template
from tests.policy.versions.sample import PACKAGED


def test_every_engine_of_ours_that_has_no_version_of_its_own_is_known_by_its_code() -> None:
    assert code_digest() in VersionsEngine(versions=PACKAGED, as_of=date(2026, 11, 24)).identity
    assert code_digest() in CdkEngine(assembly(template())).identity
    assert len(code_digest()) == 64
    assert CfnLintEngine().identity == CfnLintEngine().identity


def test_the_whole_package_is_more_than_what_words_answers() -> None:
    assert len(package_digest()) == 64
    assert package_digest() != code_digest()


def test_an_answer_passes_through_no_other_code() -> None:
    files = [file for subject in _SUBJECTS for file in (_PACKAGE / subject).rglob("*.py")]
    imported = {name for file in files for name in re.findall(r"from stackproof\.(\w+)", file.read_text("utf-8"))}
    assert len(files) > 50
    assert imported == set(_SUBJECTS)
