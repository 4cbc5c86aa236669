"""OpenAPI of each service, as its app says it of itself. Starts nothing."""

from typing import Any

from kernel.service import utc_now
from kernel.settings import Settings

from ..system import CREATE, System


def openapi_documents() -> dict[str, dict[str, Any]]:
    """Service → its OpenAPI 3.1 document, as mounted in every composition."""
    system = System()
    result = {}
    for name, create in CREATE.items():
        app = create(Settings(), _wiring(system), utc_now)
        result[name] = {**app.openapi(), "servers": [{"url": f"/api/{name}"}]}
    return result


def _wiring(system: System) -> Any:
    from kernel.runtime import Wiring

    return Wiring(system.bus, system.peer)
