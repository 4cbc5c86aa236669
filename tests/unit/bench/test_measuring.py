"""What a run's samples say of a goal."""

import pytest

from tests.bench.measuring import Figure, at_least, below, by_parts, in_turn, percentile, ratios


def test_a_median_on_the_right_side_meets_its_goal() -> None:
    assert Figure("speed", "events/s", [90, 110, 120], at_least(100)).verdict == "met"
    assert Figure("delay", "ms", [40, 45, 60], below(50)).verdict == "met"


def test_a_goal_missed_by_more_than_the_spread_is_missed() -> None:
    assert Figure("speed", "events/s", [78, 80, 82], at_least(100)).verdict == "missed"
    assert Figure("delay", "ms", [59, 60, 61], below(50)).verdict == "missed"


def test_a_goal_missed_within_the_spread_is_undecided() -> None:
    assert Figure("speed", "events/s", [70, 90, 110], at_least(100)).verdict == "undecided"
    assert Figure("delay", "ms", [40, 55, 70], below(50)).verdict == "undecided"


def test_without_a_goal_it_is_only_measured() -> None:
    assert Figure("speed", "events/s", [1]).verdict == "measured"


def test_the_spread_is_half_of_what_lies_between_the_extremes() -> None:
    assert Figure("speed", "events/s", [80, 100, 120]).spread == pytest.approx(0.2)


def test_a_percentile_is_a_sample_that_so_many_do_not_exceed() -> None:
    samples = list(range(1, 101))
    assert percentile(samples, 0.95) == 95
    assert percentile(samples, 0.99) == 99
    assert percentile([7], 0.99) == 7


def test_a_run_is_split_into_consecutive_parts() -> None:
    assert by_parts([1, 2, 3, 4, 5, 6], 1.0) == [2, 4, 6]
    assert by_parts([1, 2], 1.0) == [1, 2]


async def test_contenders_run_side_by_side_and_the_first_round_does_not_count() -> None:
    ran: list[str] = []

    async def first() -> float:
        ran.append("a")
        return float(len(ran))

    async def second() -> float:
        ran.append("b")
        return float(len(ran))

    rounds = await in_turn(2, first, second)
    assert "".join(ran) == "ba" + "ab" + "ba"
    assert rounds == [(3.0, 4.0), (6.0, 5.0)]
    assert ratios(rounds) == [3 / 4, 6 / 5]
