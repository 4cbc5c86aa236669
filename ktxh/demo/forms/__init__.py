"""The report forms of the demonstration, one subject a file; nothing here knows a unit, a user or a figure."""

from functools import lru_cache

from contracts.templates import IndicatorDefinedV1

from . import agriculture, budget, education, environment, health, industry, labour, plans, population, provincial, social_security, trade
from .form import Form


@lru_cache(maxsize=1)
def all_forms() -> tuple[Form, ...]:
    """Every form, the communes' monthly ones first."""
    return (
        *monthly_forms(),
        provincial.month(),
        agriculture.quarter(),
        budget.quarter(),
        environment.half_year(),
        social_security.year(),
        plans.given(),
        plans.own(),
    )


@lru_cache(maxsize=1)
def monthly_forms() -> tuple[Form, ...]:
    """The eight that every commune reports every month, one of each sector."""
    return (
        population.month(),
        education.month(),
        health.month(),
        agriculture.month(),
        industry.month(),
        trade.month(),
        labour.month(),
        social_security.month(),
    )


@lru_cache(maxsize=1)
def indicators() -> tuple[IndicatorDefinedV1, ...]:
    """Every indicator that a form measures, each once."""
    return tuple({code: indicator for form in all_forms() for code, indicator in form.indicators.items()}.values())


__all__ = ["Form", "all_forms", "indicators", "monthly_forms"]
