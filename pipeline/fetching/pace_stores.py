"""Where the settings say that the paces of hosts are kept: in Redis, in files, or in this process."""

from __future__ import annotations

from pipeline.core.settings import Settings
from pipeline.fetching.paces import PacesInFiles
from pipeline.fetching.politeness import PacesOfProcess, PaceStore


def pace_store(settings: Settings) -> PaceStore:
    """The store of paces that `settings` name. Raises ConfigError."""
    connections = settings.connections_per_host
    if settings.pace_url:
        from pipeline.fetching.paces_in_redis import PacesInRedis  # needs redis-py, which only this store has to have

        return PacesInRedis(settings.pace_url, connections=connections, slot_s=2 * settings.total_timeout_s)
    return PacesInFiles(settings.pace_dir, connections=connections) if settings.pace_dir else PacesOfProcess(connections=connections)
