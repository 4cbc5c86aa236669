"""The typed environment that every service has in common. Secrets come from the environment or from files, never from code."""

import hashlib
from pathlib import Path
from typing import Literal, Self

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SERVICES = ("identity", "templates", "submissions", "approvals", "aggregation")
PUBLIC = "submissions"  # whose released events go to departments


class Settings(BaseSettings):
    """Environment variables `KTXH_…`, or files of the same lower-case names in `KTXH_SECRETS_DIR`."""

    model_config = SettingsConfigDict(env_prefix="KTXH_", extra="ignore")

    mode: Literal["development", "production"] = "development"
    database_url: str = ""  # of a superuser or database creator; each service's own database and role are derived from it
    amqp_url: str = ""  # empty: events pass in process
    namespace: str = "ktxh"  # prefix of databases, roles, exchanges and queues
    host: str = "127.0.0.1"
    port: int = 8000
    pool_size: int = 10
    poll_seconds: float = 0.05
    gather_seconds: float = 0.015  # how long a new event waits for others before all get their place together
    secret: SecretStr = SecretStr("development")  # what service keys, role passwords and signatures are derived from
    service_urls: dict[str, str] = {}  # of the peers, where they run as processes of their own
    service_private_key: SecretStr | None = None  # base64url Ed25519 seed of this process's service; else derived from `secret`
    service_public_keys: dict[str, str] = {}  # base64url Ed25519 by service; else derived from `secret`
    log_level: str = "INFO"
    log_format: Literal["json", "console"] = "json"
    cookie_secure: bool = False
    clock_file: Path | None = None  # development only: shifts the clock of every service (kernel/clock.py)
    captcha: Literal["always", "after-failures", "never"] = "always"

    @model_validator(mode="after")
    def _refuse_development_secrets_in_production(self) -> Self:
        if self.mode == "production" and self.secret.get_secret_value() == "development":
            raise ValueError("KTXH_SECRET must be set in production")
        if self.mode == "production" and self.clock_file is not None:
            raise ValueError("KTXH_CLOCK_FILE must not be set in production")
        if self.mode == "production" and not self.cookie_secure:
            raise ValueError("KTXH_COOKIE_SECURE must be true in production")
        return self

    def derived(self, purpose: str) -> bytes:
        """32 bytes for one purpose, from the system's secret: who has one can't tell another."""
        return hashlib.blake2b(purpose.encode(), key=self.secret.get_secret_value().encode()[:64], digest_size=32).digest()


def load(**overrides: object) -> Settings:
    """The settings of this process; a directory named by KTXH_SECRETS_DIR is read too."""
    import os

    directory = os.environ.get("KTXH_SECRETS_DIR")
    secrets_dir = Path(directory) if directory else None
    return Settings(_secrets_dir=secrets_dir, **overrides)  # type: ignore[arg-type, call-arg]
