"""The environment of aggregation: what all services have in common, and a few numbers of its own."""

from pydantic_settings import BaseSettings, SettingsConfigDict

from kernel.settings import Settings, load


class AggregationSettings(BaseSettings):
    """Environment variables `KTXH_AGGREGATION_…`."""

    model_config = SettingsConfigDict(env_prefix="KTXH_AGGREGATION_", extra="ignore")

    deadline_check_seconds: float = 10.0  # how often notifications about deadlines are looked for
    stream_pause_seconds: float = 0.25  # how often a stream looks for news
    rebuild_chunk: int = 1000  # messages per transaction of a rebuild; /log gives no more at once


__all__ = ["AggregationSettings", "Settings", "load"]
