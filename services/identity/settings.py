"""What identity needs of the environment beyond what every service does."""

import os
from pathlib import Path

from pydantic import Field, SecretStr

from kernel.settings import Settings


class IdentitySettings(Settings):
    """`KTXH_…` again. Times are in the unit that the name ends in."""

    first_administrator_password: SecretStr | None = None  # of `quantri`, who is created at start when there are no users
    password_minimum: int = Field(default=14, ge=8)  # TCVN 14423 level 3 without a second factor: 14 characters, 4 classes
    password_classes: int = Field(default=4, ge=1, le=4)
    session_idle_minutes: int = Field(default=15, ge=1)  # without a refresh; level 3 wants no more
    session_hours: int = Field(default=12, ge=1)
    hashing_slots: int = Field(default=2, ge=1)  # Argon2id computations at once, 19 MiB each
    signing_key_days: int = Field(default=30, ge=1)
    first_passwords_hours: int = Field(default=24, ge=1)  # how long a printable file waits to be fetched


def identity_settings(settings: Settings) -> IdentitySettings:
    """The composition's settings with identity's own read from the same environment."""
    if isinstance(settings, IdentitySettings):
        return settings
    directory = os.environ.get("KTXH_SECRETS_DIR")
    return IdentitySettings(_secrets_dir=Path(directory) if directory else None, **settings.model_dump())  # type: ignore[call-arg]
