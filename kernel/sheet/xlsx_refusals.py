"""Why an uploaded file is refused as a whole, each with what to do about it. Knows nothing of a file's content."""

from kernel.errors import Malformed


class FileRefused(Malformed):
    """The uploaded file was not read, and nothing of it was kept."""

    title = "Không đọc được tệp"


class FileIsEmpty(FileRefused):
    title = "Tệp rỗng (0 byte). Hãy chọn lại tệp đã lưu"


class NotAnExcelFile(FileRefused):
    title = (
        "Tệp không phải là bảng tính Excel (.xlsx). "
        "Hãy mở bằng Excel, LibreOffice hoặc WPS rồi chọn Lưu thành (Save As) → Excel Workbook (*.xlsx)"
    )


class OldExcelFormat(FileRefused):
    title = (
        "Tệp ở định dạng Excel cũ (.xls). "
        "Hãy mở tệp, chọn Tệp → Lưu thành (File → Save As) → kiểu Excel Workbook (*.xlsx), rồi tải tệp mới lên"
    )


class BinaryExcelFormat(FileRefused):
    title = "Tệp ở định dạng .xlsb. Hãy mở tệp, chọn Tệp → Lưu thành (File → Save As) → kiểu Excel Workbook (*.xlsx), rồi tải tệp mới lên"


class OpenDocumentFormat(FileRefused):
    title = "Tệp ở định dạng .ods. Hãy mở bằng LibreOffice, chọn Tệp → Lưu thành → kiểu Excel 2007-365 (.xlsx), rồi tải tệp mới lên"


class FileIsEncrypted(FileRefused):
    title = "Tệp có mật khẩu mở. Hãy bỏ mật khẩu (Tệp → Thông tin → Bảo vệ sổ làm việc → Mã hóa bằng mật khẩu), lưu rồi tải lại"


class FileIsTooLarge(FileRefused):
    status = 413
    title = "Tệp quá lớn. Hãy xóa hình ảnh và các trang tính không cần, lưu rồi tải lại"


class UnpacksTooLarge(FileRefused):
    status = 413
    title = "Nội dung tệp quá lớn khi giải nén. Hãy xóa hình ảnh, các dòng và trang tính không cần, lưu rồi tải lại"


class TooManyParts(FileRefused):
    title = "Tệp có quá nhiều thành phần. Hãy chép số liệu sang tệp mẫu tải từ hệ thống rồi tải lại"


class TooManySheets(FileRefused):
    title = "Tệp có quá nhiều trang tính"


class TooManyCells(FileRefused):
    title = "Tệp có quá nhiều ô có nội dung. Hãy xóa các trang tính và dòng không cần, lưu rồi tải lại"


class FileIsDamaged(FileRefused):
    title = "Tệp bị hỏng hoặc chưa tải lên hết. Hãy mở tệp, lưu lại rồi tải lên lần nữa"


class FileIsSuspicious(FileRefused):
    title = "Tệp có cấu trúc bất thường nên không được mở. Hãy chép số liệu sang tệp mẫu tải từ hệ thống rồi tải lại"


class HoldsXmlEntity(FileRefused):
    title = "Tệp chứa khai báo XML (DOCTYPE, ENTITY) không được phép. Hãy chép số liệu sang tệp mẫu tải từ hệ thống rồi tải lại"


class HoldsMacro(FileRefused):
    title = "Tệp chứa macro. Hãy chọn Tệp → Lưu thành (File → Save As) → kiểu Excel Workbook (*.xlsx) để bỏ macro, rồi tải tệp mới lên"


class HoldsExternalLink(FileRefused):
    title = (
        "Tệp có liên kết tới tệp khác. Hãy chọn Dữ liệu → Sửa liên kết → Ngắt liên kết (Data → Edit Links → Break Link), lưu rồi tải lại"
    )


class HoldsDataConnection(FileRefused):
    title = (
        "Tệp có kết nối dữ liệu ngoài. "
        "Hãy chọn Dữ liệu → Truy vấn và kết nối (Data → Queries & Connections), xóa các kết nối, lưu rồi tải lại"
    )


class HoldsEmbeddedObject(FileRefused):
    title = "Tệp chứa đối tượng nhúng (OLE, ActiveX). Hãy xóa các đối tượng nhúng, lưu rồi tải lại"


class TakesTooMuch(FileRefused):
    title = "Đọc tệp tốn quá nhiều thời gian hoặc bộ nhớ. Hãy chép số liệu sang tệp mẫu tải từ hệ thống rồi tải lại"


REFUSALS: dict[str, type[FileRefused]] = {refusal.rule(): refusal for refusal in FileRefused.__subclasses__()}
"""By slug, for what the child process says."""
