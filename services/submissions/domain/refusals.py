"""The rules of a report that can be broken, each with the words that a person reads."""

from kernel.errors import Malformed, Rejected


class UnknownReport(Rejected):
    title = "Báo cáo chưa được giao"


class NotEditable(Rejected):
    title = "Báo cáo đang chờ duyệt hoặc đã duyệt nên không sửa được"


class CellChangedByAnother(Rejected):
    title = "Có ô đã được người khác sửa thành số liệu khác"


class PeriodClosed(Rejected):
    title = "Kỳ báo cáo đã khóa"


class NotNormalised(Rejected):
    title = "Số liệu chưa chuẩn hóa: có ô công thức hoặc ô lấy sang khác với số liệu tính lại"


class FiguresInvalid(Rejected):
    title = "Số liệu chưa hợp lệ nên chưa trình được"


class ExplanationMissing(Rejected):
    title = "Có cảnh báo cần giải trình trước khi trình"


class RouteIsEmpty(Rejected):
    title = "Không xác định được ai duyệt báo cáo này"


class NoApprovedRevision(Rejected):
    title = "Báo cáo chưa có số liệu đã duyệt để quay lại"


class ReportIsLive(Rejected):
    title = "Báo cáo đã được giao nên không ghi số liệu lịch sử"


class FiguresNotAcceptable(Malformed):
    title = "Có ô nhập không đúng; chưa lưu số liệu nào"


class NotYourUnit(Rejected):
    status = 403
    title = "Báo cáo này do đơn vị khác nhập liệu"


class NothingToDo(Malformed):
    title = "Không có ô nào được gửi lên"
