"""What may happen to a template, and what its versions have to do with each other."""

import msgspec
from msgspec.structs import replace

from kernel.sheet.model import Row
from kernel.testing import Scenario
from services.templates.calculation.comparison import compare, only_labels_differ
from services.templates.commands import Problem, PublishTemplate
from services.templates.domain.template import TEMPLATE, TemplateHasProblems
from services.templates.events import TYPES, TemplatePublished

from .examples import COLUMNS, ROWS, published, sheet


def test_the_first_publishing_makes_version_1() -> None:
    Scenario(TEMPLATE).when(PublishTemplate(published())).then(TemplatePublished(published(version=1)))


def test_publishing_something_else_makes_the_next_version() -> None:
    first, second = published(version=1), published(name="Y tế, mẫu mới")
    Scenario(TEMPLATE).given(TemplatePublished(first)).when(PublishTemplate(second)).then(TemplatePublished(replace(second, version=2)))


def test_publishing_the_same_is_nothing_new() -> None:
    Scenario(TEMPLATE).given(TemplatePublished(published(version=1))).when(PublishTemplate(published())).then()


def test_a_template_with_problems_is_not_published() -> None:
    problem = Problem("kham.th", "cycle", "Công thức vòng")
    refusal = Scenario(TEMPLATE).when(PublishTemplate(published(), (problem,))).refused(TemplateHasProblems)
    assert refusal.parameters["problems"] == [{"cell": "kham.th", "rule": "cycle", "message": "Công thức vòng"}]


def _refused(after: object) -> set[str]:
    refusal = Scenario(TEMPLATE).given(TemplatePublished(published(version=1))).when(after).refused(TemplateHasProblems)
    return {problem["rule"] for problem in refusal.parameters["problems"]}


def test_the_sector_never_changes() -> None:
    assert _refused(PublishTemplate(published(sector="trade"))) == {"sector-never-changes"}


def test_the_kind_of_period_never_changes() -> None:
    assert _refused(PublishTemplate(published(period_type="quarter"))) == {"kind-never-changes"}


def test_a_row_key_is_never_used_for_another_indicator_even_after_it_was_dropped() -> None:
    without = published(version=2, sheet=sheet(rows=ROWS[:2]))
    again = published(sheet=sheet(rows=(ROWS[1], replace(ROWS[2], subject="YT.KHAM"))))
    first = Scenario(TEMPLATE).given(TemplatePublished(published(version=1)), TemplatePublished(without))
    refusal = first.when(PublishTemplate(again)).refused(TemplateHasProblems)
    assert [(problem["cell"], problem["rule"]) for problem in refusal.parameters["problems"]] == [("A8", "row-key-reused")]


def test_a_column_key_keeps_its_measure() -> None:
    assert _refused(PublishTemplate(published(sheet=sheet(columns=(replace(COLUMNS[0], measure="plan"),))))) == {"column-key-reused"}


def test_a_renamed_row_names_one_that_was_there() -> None:
    renamed = (ROWS[0], replace(ROWS[1], key="luot_kham"), *ROWS[2:])
    right = published(sheet=sheet(rows=renamed), moved_rows={"kham": "luot_kham"})
    given = Scenario(TEMPLATE).given(TemplatePublished(published(version=1)))
    given.when(PublishTemplate(right)).then(TemplatePublished(replace(right, version=2)))
    assert _refused(PublishTemplate(published(moved_rows={"cu": "kham"}))) == {"moved-row-unknown"}
    assert _refused(PublishTemplate(published(moved_rows={"nhap_vien": "kham"}))) == {"row-key-reused"}


def test_a_published_template_is_read_again_as_it_was_written() -> None:
    event = TemplatePublished(published(version=1))
    assert TYPES.decode(event.TYPE, event.VERSION, TYPES.encode(event)) == event


def test_labels_alone_may_differ() -> None:
    relabelled = published(version=2, name="Mới", sheet=sheet(rows=(replace(ROWS[0], label="Khác"), *ROWS[1:])))
    reformulated = published(version=2, sheet=sheet(rows=(*ROWS[:3], replace(ROWS[3], formula="=D8/D7*1000"))))
    assert only_labels_differ(published(version=1), relabelled)
    assert not only_labels_differ(published(version=1), reformulated)


def test_comparing_names_what_was_added_removed_and_changed() -> None:
    new = Row("moi", 10, "Mới", unit_of_measure="lượt", subject="YT.NHAPVIEN")
    after = published(sheet=sheet(rows=(*ROWS[:2], replace(ROWS[3], formula="=D7*2"), new)))

    found = compare(published(), after)

    assert [one["key"] for one in found["rows"]["added"]] == ["moi"]
    assert [one["key"] for one in found["rows"]["removed"]] == ["nhap_vien"]
    assert [one["key"] for one in found["rows"]["changed"]] == ["ty_le"]
    assert found["formulas"]["changed"] == [{"key": "ty_le.th", "before": "=D8/D7*100", "after": "=D7*2"}]
    assert found["only_labels"] is False
    msgspec.json.encode(found)


def test_a_template_compared_with_itself_differs_in_nothing() -> None:
    found = compare(published(), published())
    parts = ("rows", "columns", "formulas", "rules", "cells", "adding_up")
    assert all(found[part] == {"added": [], "removed": [], "changed": []} for part in parts)
    assert found["head"] == {}
    assert found["only_labels"] is True
