"""Indicators, drafts, checks and versions over HTTP."""

from typing import Any

import pytest

from .province import HEALTH, INDICATORS, Province, form


async def test_an_indicator_is_defined_once_and_again_only_when_it_changes(province: Province) -> None:
    first = await province.does("POST", "/indicators", province.designer, {"indicators": INDICATORS})
    second = await province.does("POST", "/indicators", province.designer, {"indicators": INDICATORS})
    changed = await province.does("POST", "/indicators", province.designer, {"indicators": [{**INDICATORS[0], "decimals": 1}]})

    assert first["defined"] == ["YT.KHAM", "YT.NHAPVIEN", "YT.TYLE"]
    assert second == {"defined": [], "unchanged": ["YT.KHAM", "YT.NHAPVIEN", "YT.TYLE"]}
    assert changed["defined"] == ["YT.KHAM"]
    await province.has_said("indicator_defined", 4)
    listed = await province.get("/indicators?q=kham", province.officer)
    assert [one["code"] for one in listed["items"]] == ["YT.KHAM"]
    assert listed["items"][0]["decimals"] == 1


async def test_a_department_does_not_define_indicators_of_another_sector(province: Province) -> None:
    answer = await province.call("POST", "/indicators", province.trader, {"indicators": INDICATORS})

    assert answer.status_code == 403
    assert answer.json()["type"].endswith("sector-is-not-yours")
    assert (await province.get("/indicators", province.officer))["items"] == []


async def test_publishing_makes_a_version_with_its_indicators_and_says_so(province: Province) -> None:
    answer = await province.publishes()

    assert answer == {"code": "YT-T", "version": 1, "crossings": []}
    version = await province.get("/templates/YT-T/versions/1", province.officer)
    assert version["indicators"]["YT.KHAM"]["name"] == "Số lượt khám bệnh"
    assert version["sheet"]["limits"]["YT.KHAM"] == {"minimum": "0"}
    listed = await province.get("/templates?q=y te", province.officer)
    assert [(one["code"], one["latest"]) for one in listed["items"]] == [("YT-T", 1)]
    assert listed["items"][0]["actions"]["assign"]["allowed"] is False
    said = await province.has_said("template_published", 1)
    assert (said[0].subject, said[0].sector) == ("template/YT-T", "health")


async def test_publishing_the_same_again_makes_no_version(province: Province) -> None:
    await province.publishes()

    assert (await province.does("POST", "/templates/YT-T/publish", province.designer))["version"] == 1
    assert (await province.publishes_again(name="Y tế – tháng"))["version"] == 2
    assert (await province.get("/templates/YT-T/versions/1", province.officer))["name"] == "Y tế – báo cáo tháng"


async def test_a_changed_indicator_leaves_the_published_version_as_it_was(province: Province) -> None:
    await province.publishes()
    await province.does("POST", "/indicators", province.designer, {"indicators": [{**INDICATORS[0], "name": "Lượt khám"}]})

    assert (await province.get("/templates/YT-T/versions/1", province.officer))["indicators"]["YT.KHAM"]["name"] == "Số lượt khám bệnh"


def _with_formula(formula: str) -> dict[str, Any]:
    sheet = form()["sheet"]
    rows = [*sheet["rows"][:2], {**sheet["rows"][2], "formula": formula}]
    return form(sheet={**sheet, "rows": rows})


@pytest.mark.parametrize(
    ("draft", "rule", "cell"),
    [
        (_with_formula("=D9+1"), "cycle", "ty_le.th"),
        (_with_formula("=GIAVANG*2"), "unknown-name", "ty_le.th"),
        (form(route=[]), "no-route", ""),
        (form(owner_id="00000000-0000-5000-8000-000000000009"), "unknown-owner", ""),
        (form(kind="plan"), "no-giver", ""),
    ],
)
async def test_a_template_with_a_problem_is_not_published(province: Province, draft: dict[str, Any], rule: str, cell: str) -> None:
    await province.defines_indicators()
    await province.does("POST", "/templates", province.office, {"template": draft})

    answer = await province.call("POST", "/templates/YT-T/publish", province.office)
    checked = await province.does("POST", "/templates/YT-T/check", province.office)

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("template-has-problems")
    assert (cell, rule) in [(one["cell"], one["rule"]) for one in answer.json()["problems"]]
    assert checked["problems"] == answer.json()["problems"]
    assert (await province.call("GET", "/templates/YT-T/versions/1", province.office)).status_code == 404


async def test_a_key_is_never_used_again_for_another_indicator(province: Province) -> None:
    await province.publishes()
    sheet = form()["sheet"]
    rows = [{**sheet["rows"][0], "subject": "YT.NHAPVIEN"}, {**sheet["rows"][1], "subject": "YT.KHAM"}, sheet["rows"][2]]
    await province.does("PUT", "/templates/YT-T/draft", province.designer, {"template": form(sheet={**sheet, "rows": rows})}, if_match="1")

    answer = await province.call("POST", "/templates/YT-T/publish", province.designer)

    assert [(one["cell"], one["rule"]) for one in answer.json()["problems"]] == [("A7", "row-key-reused"), ("A8", "row-key-reused")]


async def test_a_draft_is_saved_only_on_the_version_that_was_seen(province: Province) -> None:
    created = await province.call("POST", "/templates", province.designer, {"template": form(name="Một")})
    assert created.headers["etag"] == '"1"'
    put = ("PUT", "/templates/YT-T/draft", province.designer, {"template": form(name="Hai")})

    assert (await province.call(*put)).status_code == 428
    assert (await province.call(*put, if_match='"1"')).headers["etag"] == '"2"'
    stale = await province.call("PUT", "/templates/YT-T/draft", province.designer, {"template": form(name="Ba")}, if_match='"1"')

    assert stale.status_code == 412
    assert stale.json()["current"] == 2
    assert (await province.get("/templates/YT-T/draft", province.designer))["template"]["name"] == "Hai"


async def test_a_code_is_taken_once(province: Province) -> None:
    await province.does("POST", "/templates", province.designer, {"template": form()})

    assert (await province.call("POST", "/templates", province.designer, {"template": form()})).status_code == 409
    assert (await province.call("POST", "/templates", province.designer, {"template": form(code="y/t")})).status_code == 422


async def test_an_unpublished_draft_is_listed_for_designers_only(province: Province) -> None:
    await province.does("POST", "/templates", province.designer, {"template": form()})

    assert [(one["code"], one["latest"]) for one in (await province.get("/templates", province.designer))["items"]] == [("YT-T", None)]
    assert (await province.get("/templates", province.officer))["items"] == []


async def test_templates_are_found_without_diacritics_and_page_by_page(province: Province) -> None:
    for number in range(3):
        await province.does(
            "POST", "/templates", province.designer, {"template": form(code=f"YT-{number}", name=f"Khám bệnh Đợt {number}")}
        )

    first = await province.get("/templates?q=kham benh dot&limit=2", province.designer)
    second = await province.get(f"/templates?q=kham benh dot&limit=2&cursor={first['next']}", province.designer)

    assert [one["code"] for one in [*first["items"], *second["items"]]] == ["YT-0", "YT-1", "YT-2"]
    assert second["next"] is None
    assert (await province.call("GET", "/templates?cursor=xyz", province.designer)).status_code == 422


async def test_a_foreign_department_finds_no_draft(province: Province) -> None:
    await province.publishes()

    for method, path, body in (
        ("GET", "/templates/YT-T/draft", None),
        ("PUT", "/templates/YT-T/draft", {"template": form()}),
        ("POST", "/templates/YT-T/publish", None),
        ("POST", "/templates/YT-T/check", None),
        ("POST", "/templates/YT-T/try", {"cells": {}}),
    ):
        answer = await province.call(method, path, province.trader, body, if_match="1")
        assert answer.status_code == 404, path
    assert (await province.call("POST", "/templates", province.trader, {"template": form(code="CT-T")})).status_code == 404
    assert (await province.call("POST", "/templates", province.officer, {"template": form()})).status_code == 403


async def test_the_office_designs_what_a_department_may_not(province: Province) -> None:
    general = form(code="TH-T", sector="general")

    assert (await province.call("POST", "/templates", province.designer, {"template": general})).status_code == 404
    assert (await province.call("POST", "/templates", province.office, {"template": general})).status_code == 201


async def test_a_draft_without_owner_belongs_to_the_callers_unit(province: Province) -> None:
    await province.does("POST", "/templates", province.designer, {"template": form(owner_id=None)})

    assert (await province.get("/templates/YT-T/draft", province.designer))["template"]["owner_id"] == str(HEALTH)


async def test_formulas_are_tried_on_given_cells(province: Province) -> None:
    await province.does("POST", "/templates", province.designer, {"template": form()})
    tried = await province.does(
        "POST", "/templates/YT-T/try", province.designer, {"cells": {"kham.th": "200", "nhap_vien.th": {"number": "13"}}}
    )

    assert tried["cells"] == {"ty_le.th": {"number": "7"}}  # no decimals before publishing takes those of the indicator
    refused = await province.call("POST", "/templates/YT-T/try", province.designer, {"cells": {"kham.th": "1234567890123456"}})
    assert refused.status_code == 422
    words = await province.call("POST", "/templates/YT-T/try", province.designer, {"cells": {"kham.th": "nhiều"}})
    assert words.status_code == 422


async def test_two_versions_are_compared(province: Province) -> None:
    await province.publishes()
    sheet = form()["sheet"]
    rows = [*sheet["rows"][:1], {**sheet["rows"][2], "formula": "=D7*2"}]
    await province.publishes_again(sheet={**sheet, "rows": rows})

    found = await province.get("/templates/YT-T/versions/1/compare/2", province.officer)

    assert [one["key"] for one in found["rows"]["removed"]] == ["nhap_vien"]
    assert [(one["key"], one["before"], one["after"]) for one in found["formulas"]["changed"]] == [("ty_le.th", "=D8/D7*100", "=D7*2")]
    assert found["only_labels"] is False


async def test_malformed_json_loses_nothing(province: Province) -> None:
    answer = await province.client.post("/templates", content=b'{"template": {', headers=province.designer)

    assert answer.status_code == 422
    assert answer.json()["type"].endswith("malformed")
