"""The commune's quarter of public revenue and spending."""

from contracts.templates import Cutoff

from .building import Check, Line, heading, indicators_of, sheet
from .columns import plan_of_year, share_of_plan, shorter_period
from .form import Form

LINES = (
    heading("I", "Thu ngân sách nhà nước"),
    Line("TC.THUNSNN", "1", planned=True),
    Line("TC.THUNOIDIA.TRUDAT", "1.1", indent=1),
    Line("TC.THUDAT", "1.2", indent=1),
    Line("TC.THUNOIDIA.THUE", "", "Trong đó: Thuế, phí, lệ phí", indent=1),
    heading("II", "Chi ngân sách địa phương"),
    Line("TC.CHINSDP", "1"),
    Line("TC.CHIDTPT", "1.1", indent=1),
    Line("DT.GIAINGAN", "", "Trong đó: Giá trị giải ngân vốn đầu tư công", indent=1),
    Line("TC.CHITX", "1.2", indent=1),
    Line("TC.NHANXET", "III", optional=True),
)

CHECKS = (
    Check(
        "thu_dat_trong_tong_thu",
        "{TC.THUDAT@th_quy}<={TC.THUNSNN@th_quy}*0.9",
        "Thu tiền sử dụng đất trên 90% tổng thu. Kiểm tra lại hoặc giải trình.",
        is_warning=True,
    ),
)


def quarter() -> Form:
    title = "Biểu báo cáo quý về thu, chi ngân sách"
    columns = (
        plan_of_year(("Dự toán năm",)),
        *shorter_period("quý", "th_quy"),
        share_of_plan("ss_kh", ("Lũy kế so với dự toán (%)",), "luy_ke"),
    )
    return Form(
        code="TC-QUY",
        name="Thu, chi ngân sách - báo cáo quý",
        sector="budget",
        owner_sector="budget",
        period_type="quarter",
        sheet=sheet(title, LINES, columns, CHECKS),
        indicators=indicators_of(LINES),
        form_number="11-TC/Q",
        figure_status="official",
        cutoff=Cutoff("calendar", due_working_days=5, close_after_working_days=20),
    )
