"""One reporting month of Gia Lai, played through the HTTP APIs and checked figure by figure."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from time import monotonic
from typing import Any

from kernel.calendar import parse_period
from kernel.clock import LOOK_AGAIN_SECONDS, ShiftedClock
from kernel.vietnamese import LOCAL_TIME, format_date, format_number

from .checking import Difference, differences, differences_of_release
from .forms import Form, monthly_forms
from .history import book_of_history
from .oracle import Oracle
from .player import Assigned, Player, Playing, playing_of
from .printing import print_rollup
from .province import Province
from .scenario import book_of, plan_month, plan_release
from .setting_up import everybody_has_heard, set_up
from .telling import Telling

PERIOD = "2026-03"
BEGINS = datetime(2026, 3, 15, 8, 0, tzinfo=LOCAL_TIME)
OFFICE_OPENS = time(8, 0)
EXTENSION = timedelta(days=5)
MOST_TOLD = 20
SHOWN = "YT-THANG"
"""The template whose provincial rollup is printed."""


@dataclass(frozen=True)
class Played:
    """What came of it."""

    reports: int
    seconds: float
    differences: list[Difference]
    late: int


@dataclass
class Month:
    """A play: who, what, when. `clock` is shared with the services, so that what is late is late for all."""

    province: Province
    clock: ShiftedClock
    telling: Telling
    seed: int = 2026
    forms: Sequence[Form] = ()

    def __post_init__(self) -> None:
        self.forms = self.forms or monthly_forms()

    async def run(self) -> Played:
        await self._it_is(BEGINS)
        self.telling.say("Chuẩn bị")
        await set_up(self.province, self.forms, PERIOD, self.seed, self.telling)
        began = monotonic()
        self.telling.say(f"{parse_period(PERIOD).title} của {self.province.root.name}")
        playing = await self._play()
        with self.telling.step("Tổng hợp kịp số liệu", 1) as progress:
            await everybody_has_heard(self.province)
            progress(1)
        seconds = monotonic() - began
        oracle = self._oracle(playing)
        found = await self._check(oracle) + await self._release(oracle)
        for difference in found[:MOST_TOLD]:
            self.telling.say(f"  ✕ {difference}")
        return Played(len(playing), seconds, found, sum(one.journey.is_late for one in playing))

    async def _play(self) -> list[Playing]:
        named = {form.code: form for form in self.forms}
        journeys = plan_month(self.seed, [unit.code for unit in self.province.communes], self.forms, PERIOD)
        playing = playing_of(journeys, self.province, named)
        assigned = await self._assign(len(playing))
        due = {one.due_on for one in assigned.values()}
        for words, is_late, day in (("trong hạn", False, min(due)), ("trễ hạn", True, max(due) + timedelta(days=1))):
            some = [one for one in playing if one.journey.is_late == is_late]
            await self._it_is(datetime.combine(day, OFFICE_OPENS, LOCAL_TIME))
            with self.telling.step(f"Báo cáo {words} ({format_date(day)})", len(some)) as progress:
                await Player(self.province, assigned, progress).play(some)
        return playing

    async def _it_is(self, moment: datetime) -> None:
        """Every process has seen the new time when this returns."""
        self.clock.set(moment)
        await asyncio.sleep(2 * LOOK_AGAIN_SECONDS)

    async def _assign(self, reports: int) -> dict[str, Assigned]:
        """Every form to every commune, by the officer of the department that owns it."""
        assignments: dict[str, Assigned] = {}
        with self.telling.step("Giao báo cáo", reports) as progress:
            for form in self.forms:
                officer = self.province.person("compiler", self.province.owner_of(form.owner_sector))
                units = {"ids": [str(unit.unit_id) for unit in self.province.communes]}
                made = await officer.post("templates/assignments", {"template": form.code, "period": PERIOD, "units": units})
                due_on = date.fromisoformat(made["due_on"])
                assignments[form.code] = Assigned(made["id"], due_on, due_on + EXTENSION)
                progress(len(made["reports"]))
        return assignments

    def _oracle(self, playing: Sequence[Playing]) -> Oracle:
        earlier = book_of_history(self.forms, [unit.code for unit in self.province.communes], PERIOD, self.seed)
        return Oracle(book_of([one.journey for one in playing], earlier))

    async def _check(self, oracle: Oracle) -> list[Difference]:
        """Every figure of every form's provincial rollup; one of them is shown."""
        found: list[Difference] = []
        figures = 0
        for form in self.forms:
            rollup = await self._rollup(form)
            found.extend(differences(form, PERIOD, rollup, oracle))
            figures += len(rollup["cells"])
            if form.code == self.shown.code:
                print_rollup(self.telling.console, form, PERIOD, self.province.root.name, rollup)
        compared = format_number(Decimal(figures))
        self.telling.say(f"  ✓ đối chiếu {compared} số liệu tổng hợp với tổng tính riêng từ số đã nhập: {len(found)} sai lệch")
        return found

    @property
    def shown(self) -> Form:
        return next((form for form in self.forms if form.code == SHOWN), self.forms[0])

    async def _rollup(self, form: Form) -> dict[str, Any]:
        answer: dict[str, Any] = await self.province.executive.get(f"aggregation/rollups/{form.code}/{PERIOD}/{self.province.root.unit_id}")
        return answer

    async def _release(self, oracle: Oracle) -> list[Difference]:
        """The office makes figures public; somebody without an account sees exactly those."""
        plan = plan_release(self.forms, PERIOD)
        office = self.province.person("compiler", self.province.office)
        body = {
            "template": plan.template,
            "period": PERIOD,
            "columns": list(plan.columns),
            "level": plan.levels[0],
            "source": plan.source,
            "licence": plan.licence,
        }
        with self.telling.step("Công bố", 1) as progress:
            release = await office.post("aggregation/releases", body)
            answer = await self.province.http.get(f"/api/aggregation/public/releases/{release['id']}")
            answer.raise_for_status()
            progress(1)
        form = next(form for form in self.forms if form.code == plan.template)
        return differences_of_release(form, PERIOD, answer.json(), oracle)
