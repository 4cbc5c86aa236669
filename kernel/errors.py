"""Broken rules as exceptions: each is named after its rule, carries its parameters, and knows its HTTP status. Catches nothing."""

import re
from typing import Any, ClassVar


class Rejected(Exception):
    """A rule was broken and nothing changed. Subclasses are named after the rule (`PeriodClosed` → `period-closed`).

    `parameters` go into the problem's body; they are JSON-able. `title` is what a person reads, in Vietnamese.
    """

    status: ClassVar[int] = 409
    title: ClassVar[str] = "Không thực hiện được"

    def __init__(self, detail: str = "", /, **parameters: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.parameters = parameters

    @classmethod
    def rule(cls) -> str:
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()


class NotFound(Rejected):
    """Unknown, or not yours: the two are not told apart."""

    status = 404
    title = "Không tìm thấy"


class RoleMayNot(Rejected):
    """This role may never do this."""

    status = 403
    title = "Vai trò của bạn không được làm việc này"


class NotSignedIn(Rejected):
    status = 401
    title = "Cần đăng nhập"


class VersionIsStale(Rejected):
    """What the caller had seen is not what is there now."""

    status = 412
    title = "Dữ liệu đã được thay đổi từ khi bạn mở"


class VersionIsMissing(Rejected):
    status = 428
    title = "Thiếu phiên bản (If-Match)"


class Malformed(Rejected):
    """The payload itself can't be right, whatever the state is."""

    status = 422
    title = "Dữ liệu gửi lên không hợp lệ"


class IdempotencyKeyReused(Malformed):
    title = "Khóa chống trùng (Idempotency-Key) đã dùng cho một yêu cầu khác"


class PayloadIsTooLarge(Rejected):
    status = 413
    title = "Dữ liệu quá lớn"


class NotReady(Rejected):
    """What was asked for is on its way; ask again after `retry_after` seconds."""

    status = 503
    title = "Chưa sẵn sàng, xin thử lại sau ít giây"
    retry_after: ClassVar[int] = 1


class NotArrivedYet(Rejected):
    """This service hasn't heard yet of what the caller names."""

    title = "Thông tin chưa đến nơi, xin thử lại sau ít giây"
    retry_after: ClassVar[int] = 1


class AwaitsPrerequisite(Exception):
    """A reaction needs what another publisher has yet to say: `subject` names it, and the message waits for it."""

    def __init__(self, subject: str) -> None:
        super().__init__(subject)
        self.subject = subject


class UnknownEvent(Exception):
    """A stored or received type or version that this code doesn't know. Never skipped."""
