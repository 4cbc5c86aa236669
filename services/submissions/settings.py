"""What of submissions can be set from outside."""

from pathlib import Path

from kernel import settings as kernel_settings


class Settings(kernel_settings.Settings):
    """Checkpoints are signed after so many events, or when so many seconds have passed since the last and there is something new."""

    checkpoint_every: int = 1000
    checkpoint_seconds: int = 3600
    checkpoint_file: Path | None = None  # each checkpoint is also written here, as a line: outside the database
    marked_workbook_minutes: int = 30
    workbooks_at_once: int = 2  # uploaded files that are read at the same time, each in a process of its own


def of(settings: kernel_settings.Settings) -> Settings:
    """These settings, where a composition has only the common ones."""
    return settings if isinstance(settings, Settings) else Settings(**settings.model_dump())


def load() -> Settings:
    return Settings()
