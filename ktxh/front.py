"""What the all-in-one serves beside the APIs: the page in `ktxh/page/` and an index of the OpenAPI documents."""

from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

PAGE = Path(__file__).parent / "page"


def routes(apps: dict[str, FastAPI]) -> list[BaseRoute]:
    async def index(request: Request) -> Response:
        documents = {name: f"/api/{name}/openapi.json" for name in apps}
        return JSONResponse({"services": documents})

    return [Route("/api", index), Mount("/", StaticFiles(directory=PAGE, html=True))]
