"""Rows of what every service offers its operators and peers."""

from .asking import Ask, ask
from .filling import park
from .province import Province
from .table import ANYONE, OPERATOR, SERVICES, Service


def operating(table: Service, log_readers: str = SERVICES) -> None:
    async def parked(province: Province) -> Ask:
        publisher, seq = await park(province, table.name)
        return ask(publisher=publisher, seq=seq, body={"reason": "Đã xem, không cần nữa"})

    async def parked_to_see(province: Province) -> Ask:
        publisher, seq = await park(province, table.name)
        return ask(publisher=publisher, seq=seq)

    operators = f"{OPERATOR} {SERVICES}"
    heard = table.name != "identity"  # which listens to nobody: nothing of its can be handled again
    table.row("GET /health", ANYONE)
    table.row("GET /ready", ANYONE)
    table.row("GET /log", log_readers)
    table.row("GET /status", operators)
    table.row("GET /dead-letters", operators)
    table.row("GET /dead-letters/{publisher}/{seq}", operators, asks=parked_to_see)
    table.row("POST /dead-letters/{publisher}/{seq}/retry", operators, asks=parked, well=(200,) if heard else (404,))
    table.row("POST /dead-letters/{publisher}/{seq}/drop", operators, asks=parked, well=(200,) if heard else (404,))
