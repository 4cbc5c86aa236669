"""The rules of approvals that can be broken, each named after the rule. Decides nothing."""

from kernel.errors import Malformed, Rejected


class RevisionIsOld(Rejected):
    title = "Báo cáo đã có lần trình mới hơn; xin xem lại số liệu mới"


class ReportIsCancelled(Rejected):
    title = "Báo cáo đã bị hủy giao"


class NotAwaitingDecision(Rejected):
    title = "Báo cáo không chờ xử lý ở bước này"


class DecisionDoesNotFit(Rejected):
    title = "Bước hiện tại của báo cáo không nhận thao tác này"


class NotYourStep(Rejected):
    status = 403
    title = "Thao tác này thuộc bước của đơn vị hoặc vai trò khác"


class AlreadyActed(Rejected):
    title = "Bạn đã trình hoặc xử lý lần trình này; người khác của đơn vị xử lý bước này"


class ReasonIsMissing(Malformed):
    title = "Cần nêu lý do"


class AlreadyActedUpon(Rejected):
    title = "Đã có đơn vị xử lý sau khi gửi, không thu hồi được nữa"


class NotApproved(Rejected):
    title = "Chỉ đính chính được báo cáo đã duyệt"


class AlreadyReopened(Rejected):
    title = "Báo cáo đang được đính chính"


class ReopeningIsOpen(Rejected):
    title = "Đã có đề nghị đính chính đang chờ trả lời"


class ReopeningIsAnswered(Rejected):
    title = "Đề nghị đính chính này đã được trả lời"


class AlreadySubmitted(Rejected):
    title = "Báo cáo đã được gửi, không cần đôn đốc"
