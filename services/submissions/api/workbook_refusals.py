"""Why a filled file is not taken."""

from kernel.errors import Malformed


class WorkbookHasErrors(Malformed):
    title = "Tệp có lỗi; chưa nhập số liệu nào"


class WorkbookOfAnotherTemplate(Malformed):
    title = "Tệp là của biểu mẫu khác"


class WorkbookOfAnotherUnit(Malformed):
    title = "Tệp là của đơn vị khác"


class WorkbookOfAnotherPeriod(Malformed):
    title = "Tệp là của kỳ báo cáo khác"


class WorkbookOfAnotherVersion(Malformed):
    title = "Tệp là của phiên bản biểu mẫu khác; hãy tải tệp mẫu mới rồi chép số liệu vào"


OF_ANOTHER: dict[str, type[Malformed]] = {
    "template": WorkbookOfAnotherTemplate,
    "unit": WorkbookOfAnotherUnit,
    "period": WorkbookOfAnotherPeriod,
    "version": WorkbookOfAnotherVersion,
}
