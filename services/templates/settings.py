"""The typed environment of this service: what all have in common, and how often its clock ticks."""

from kernel.settings import Settings
from kernel.settings import load as load_common


class TemplatesSettings(Settings):
    """Beside the common `KTXH_…`: KTXH_TEMPLATES_CLOCK_SECONDS."""

    templates_clock_seconds: float = 20.0


def of(common: Settings) -> TemplatesSettings:
    """The service's settings around those that a composition gives to all."""
    if isinstance(common, TemplatesSettings):
        return common
    return TemplatesSettings(**{name: getattr(common, name) for name in Settings.model_fields})


def load() -> Settings:
    return load_common()
