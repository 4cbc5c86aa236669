"""The command line: `ktxh demo`, `serve`, `migrate`, `units`, `users`, `import-history`, `log`, `replay`, `status`, `openapi`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from kernel.settings import SERVICES, load

from . import operate


def main() -> None:
    arguments = _parser().parse_args()
    sys.exit(arguments.run(arguments) or 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ktxh", description="Hệ thống chỉ tiêu kinh tế – xã hội của một tỉnh")
    commands = parser.add_subparsers(required=True, metavar="lệnh")
    _demo(commands)
    _serve(commands)
    _at_running_system(commands)
    return parser


def _demo(commands: Any) -> None:
    demo = commands.add_parser("demo", help="chạy thử cả hệ thống với một tháng báo cáo của Gia Lai")
    demo.add_argument("--once", action="store_true", help="chạy xong thì dừng, không phục vụ tiếp")
    demo.add_argument("--seed", type=int, default=2026, help="số gieo: cùng số thì cùng diễn biến")
    demo.add_argument("--port", type=int, default=8000)
    demo.add_argument("--communes", type=int, help="chỉ lấy ngần này xã, phường đầu tiên")
    demo.add_argument("--data", type=Path, help="giữ dữ liệu tại thư mục này (mặc định: thư mục tạm, xóa khi dừng)")
    demo.set_defaults(run=_run_demo)


def _run_demo(arguments: argparse.Namespace) -> int:
    from .demo.run import Wanted, run

    return run(Wanted(arguments.once, arguments.seed, arguments.port, arguments.communes, arguments.data))


def _serve(commands: Any) -> None:
    serve = commands.add_parser("serve", help="phục vụ: cả năm dịch vụ trong một tiến trình, hoặc một dịch vụ")
    serve.add_argument("service", nargs="?", choices=SERVICES, help="chỉ dịch vụ này")
    serve.add_argument("--all", action="store_true", help="cả năm dịch vụ (mặc định)")
    serve.add_argument("--data", type=Path, default=Path(".ktxh"), help="nơi PostgreSQL đi kèm giữ dữ liệu")
    serve.add_argument("--port", type=int)
    serve.set_defaults(run=_run_serve)
    migrate = commands.add_parser("migrate", help="tạo và nâng cấp cơ sở dữ liệu của các dịch vụ")
    migrate.set_defaults(run=_run_migrate)
    openapi = commands.add_parser("openapi", help="ghi mô tả OpenAPI của các dịch vụ và AsyncAPI của các sự kiện vào docs/")
    openapi.add_argument("--check", action="store_true", help="chỉ so sánh, không ghi")
    openapi.set_defaults(run=_run_openapi)


def _run_serve(arguments: argparse.Namespace) -> None:
    from .serve import serve_all

    settings = load(**({"port": arguments.port} if arguments.port else {}))
    if arguments.service:
        import runpy

        os.environ["KTXH_PORT"] = str(settings.port)
        runpy.run_module(f"services.{arguments.service}", run_name="__main__")
    else:
        serve_all(settings, arguments.data)


def _run_migrate(arguments: argparse.Namespace) -> None:
    from .system import migrate_all

    asyncio.run(migrate_all(load()))


def _run_openapi(arguments: argparse.Namespace) -> int:
    from .documents import write_documents

    return write_documents(check=arguments.check)


def _at_running_system(commands: Any) -> None:
    """Commands that call a running system's APIs; its address and the account come from KTXH_URL, KTXH_USER, KTXH_PASSWORD."""
    units = commands.add_parser("units", help="đơn vị hành chính").add_subparsers(required=True, metavar="việc")
    load_units = units.add_parser("load", help="nạp đơn vị cả nước, hoặc của một tỉnh, từ gói vietnamadminunits")
    load_units.add_argument("--province", help="mã tỉnh; không có thì cả nước")
    load_units.add_argument("--final-list", type=Path, help="danh mục chính thức (CSV) để đối chiếu; khác thì theo danh mục này")
    load_units.add_argument("--changes", type=Path, help="ánh xạ cũ → mới đã kiểm (CSV)")
    load_units.add_argument("--with-legacy", action="store_true", help="nạp cả đơn vị cũ và việc sắp xếp ngày 01/07/2025")
    _runs(load_units, operate.load_units)

    users = commands.add_parser("users", help="tài khoản").add_subparsers(required=True, metavar="việc")
    generate = users.add_parser("generate", help="tạo tài khoản theo quy tắc cho mọi đơn vị của một cấp")
    generate.add_argument("level", choices=("commune", "district", "department", "office"))
    generate.add_argument("roles", nargs="+", choices=("data_entry", "leader", "verifier", "compiler"))
    generate.add_argument("--to", type=Path, default=Path("mat-khau-lan-dau.html"), help="tệp để in, phát một lần")
    _runs(generate, operate.generate_users)

    history = commands.add_parser("import-history", help="nạp số liệu kỳ trước (CSV), coi như đã duyệt, kèm nguồn")
    history.add_argument("file", type=Path)
    _runs(history, operate.import_history)

    replay = commands.add_parser("replay", help="tổng hợp lại từ nhật ký, báo khác biệt")
    replay.add_argument("--verify", action="store_true", help="chỉ so sánh, không thay")
    _runs(replay, operate.replay)

    log = commands.add_parser("log", help="nhật ký sự kiện").add_subparsers(required=True, metavar="việc")
    _runs(log.add_parser("verify", help="kiểm tra chuỗi băm của toàn bộ nhật ký"), operate.verify_log)
    _runs(commands.add_parser("status", help="đầu nhật ký, độ trễ của từng nơi nhận, sự kiện lỗi"), operate.status)


def _runs(parser: argparse.ArgumentParser, command: Callable[[argparse.Namespace], Coroutine[Any, Any, int]]) -> None:
    parser.set_defaults(run=lambda arguments: asyncio.run(command(arguments)))
