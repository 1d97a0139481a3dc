"""What words an answer is part of every engine's identity: nothing is kept that other code would say otherwise."""

from __future__ import annotations

from datetime import date

from stackproof.engines.cdk import CdkEngine
from stackproof.engines.cfn_lint import CfnLintEngine
from stackproof.engines.code import _PACKAGE, _WORDING, code_digest, package_digest
from stackproof.engines.versions import VersionsEngine
from tests.fakes import assembly, template
from tests.versions.sample import PACKAGED


def test_every_engine_of_ours_that_has_no_version_of_its_own_is_known_by_its_code() -> None:
    assert code_digest() in VersionsEngine(versions=PACKAGED, as_of=date(2026, 11, 24)).identity
    assert code_digest() in CdkEngine(assembly(template())).identity
    assert len(code_digest()) == 64
    assert CfnLintEngine().identity == CfnLintEngine().identity


def test_the_whole_package_is_more_than_what_words_answers() -> None:
    assert len(package_digest()) == 64
    assert package_digest() != code_digest()


def test_what_masks_an_answer_is_part_of_its_key_so_that_none_is_served_which_other_code_masked() -> None:
    assert {"secrecy.py", "scan.py", "model"} <= set(_WORDING)
    assert all((_PACKAGE / place).exists() for place in _WORDING)
