"""The commune's month of trade, services and tourism."""

from .building import Check, Line, heading, indicators_of, sheet
from .columns import monthly_with_plan
from .form import TWO_STEPS, Form

LINES = (
    heading("I", "Bán lẻ hàng hóa, dịch vụ"),
    Line("TM.TMBL", "1", planned=True),
    Line("TM.BLHH", "1.1", indent=1),
    Line("TM.LTAU", "1.2", indent=1),
    Line("TM.LUHANH", "1.3", indent=1),
    Line("TM.DVKHAC", "1.4", indent=1),
    Line("TM.XK", "2", optional=True),
    heading("II", "Cơ sở kinh doanh"),
    Line("TM.HOKD", "1"),
    Line("TM.HOKD.MOI", "2"),
    Line("TM.HOKD.NGHI", "3"),
    Line("TM.CHO", "4"),
    Line("DN.THANHLAP", "5", planned=True),
    Line("DN.VONDK", "6"),
    heading("III", "Du lịch"),
    Line("DL.KHACH", "1", planned=True),
    Line("DL.KHACH.ND", "1.1", indent=1),
    Line("DL.KHACH.QT", "1.2", indent=1),
    Line("TM.NHANXET", "IV", optional=True),
)

CHECKS = (
    Check(
        "von_khi_thanh_lap",
        "OR({DN.VONDK@th_thang}=0,{DN.THANHLAP@th_thang}>0)",
        "Có vốn đăng ký mà không có doanh nghiệp thành lập mới. Kiểm tra lại hai dòng này.",
    ),
    Check(
        "ngung_trong_so_ho",
        "{TM.HOKD.NGHI@th_thang}<={TM.HOKD@th_thang}*0.2",
        "Số hộ ngừng kinh doanh trên 20% số hộ đang hoạt động. Kiểm tra lại hoặc giải trình.",
        is_warning=True,
    ),
)


def month() -> Form:
    title = "Biểu báo cáo tháng về thương mại, dịch vụ, du lịch"
    return Form(
        code="TM-THANG",
        name="Thương mại - báo cáo tháng",
        sector="trade",
        owner_sector="trade",
        period_type="month",
        sheet=sheet(title, LINES, monthly_with_plan(), CHECKS),
        indicators=indicators_of(LINES),
        form_number="07-TM/T",
        route=TWO_STEPS,
        figure_status="estimate",
    )
