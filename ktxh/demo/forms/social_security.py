"""Who is supported in a month and with how much money, and the year's poverty."""

from contracts.templates import AddingUp, RollupPolicy
from kernel.sheet.model import Carried

from .building import Check, ColumnPlan, Line, heading, indicators_of, sheet
from .columns import (
    ADDED_OVER_TIME,
    COMPARED,
    EVERYTHING,
    growth,
    percent_of,
    period_before,
    plan_of_year,
    share_of_plan,
    this_period,
)
from .form import TWO_STEPS, Form

MONTH_LINES = (
    Line("AS.TONG", "I"),
    Line("AS.BTXH", "1", indent=1),
    Line("AS.BTXH.NCT", "1.1", indent=2),
    Line("AS.BTXH.NKT", "1.2", indent=2),
    Line("AS.BTXH.TE", "1.3", indent=2),
    Line("AS.BTXH.KHAC", "1.4", indent=2),
    Line("AS.NCC", "2", indent=1),
    Line("AS.NCC.LIETSI", "", "Trong đó: Thân nhân liệt sĩ", indent=2),
    Line("AS.DOTXUAT", "3", indent=1),
    heading("II", "Chế độ khác"),
    Line("AS.MAITHUONG", "1"),
    Line("AS.NHANXET", "III", optional=True),
)

MONEY = "triệu đồng"

MONTH_COLUMNS = (
    period_before("doi_tuong_truoc", ("Số người", "Tháng trước"), "doi_tuong"),
    ColumnPlan("doi_tuong", ("Số người", "Tháng báo cáo"), holds=EVERYTHING),
    percent_of("ss_thang_truoc", ("Số người", "So với tháng trước (%)"), "doi_tuong", "doi_tuong_truoc"),
    ColumnPlan("kinh_phi", ("Kinh phí (triệu đồng)", "Tháng báo cáo"), decimals=1, holds=COMPARED, unit_of_measure=MONEY),
    ColumnPlan(
        "kinh_phi_luy_ke_truoc",
        ("Kinh phí (triệu đồng)", "Lũy kế đến hết tháng trước"),
        "carried",
        "year_to_date_before",
        carried=Carried("kinh_phi", offset="year-to-date"),
        decimals=1,
        holds=COMPARED,
        unit_of_measure=MONEY,
    ),
    ColumnPlan(
        "kinh_phi_luy_ke",
        ("Kinh phí (triệu đồng)", "Lũy kế từ đầu năm"),
        "formula",
        "year_to_date",
        "{kinh_phi_luy_ke_truoc}+{kinh_phi}",
        decimals=1,
        holds=COMPARED,
        unit_of_measure=MONEY,
    ),
    ColumnPlan(
        "binh_quan",
        ("Bình quân một người (nghìn đồng)",),
        "formula",
        "ratio",
        "IFERROR({kinh_phi}/{doi_tuong}*1000,0)",
        decimals=1,
        holds=COMPARED,
        unit_of_measure="nghìn đồng/người",
    ),
)

MONTH_CHECKS = tuple(
    Check(
        f"kinh_phi_co_doi_tuong_{code.rpartition('.')[2].lower()}",
        f"OR({{{code}@kinh_phi}}=0,{{{code}@doi_tuong}}>0)",
        "Có kinh phí mà không có người hưởng. Kiểm tra lại dòng này.",
    )
    for code in ("AS.BTXH.NCT", "AS.BTXH.NKT", "AS.NCC", "AS.DOTXUAT")
)

YEAR_LINES = (
    heading("I", "Hộ nghèo, hộ cận nghèo theo chuẩn đa chiều"),
    Line("XH.TONGHO", "1"),
    Line("XH.HONGHEO", "2"),
    Line("XH.HONGHEO.DTTS", "", "Trong đó: Hộ đồng bào dân tộc thiểu số", indent=1),
    Line("XH.HOCANNGHEO", "3"),
    Line("XH.HOTHOATNGHEO", "4", planned=True),
    Line("XH.HONGHEO.MOI", "5"),
    Line("XH.TYLEHONGHEO", "6", formula="{XH.HONGHEO}/{XH.TONGHO}*100"),
    Line("XH.TYLEHOCANNGHEO", "7", formula="{XH.HOCANNGHEO}/{XH.TONGHO}*100"),
    Line("XH.GIAMNGHEO.DTTS", "8", optional=True),
    heading("II", "Đời sống"),
    Line("MS.TNBQ", "1"),
    Line("XH.NUOCSACH", "2"),
    Line("XH.NHANXET", "III"),
)

YEAR_COLUMNS = (
    period_before("th_nam_truoc", ("Thực hiện năm trước",), "th_nam"),
    plan_of_year(("Kế hoạch năm",)),
    this_period("th_nam", ("Thực hiện năm báo cáo",)),
    share_of_plan("ss_kh", ("So sánh (%)", "Với kế hoạch"), "th_nam"),
    growth("ss_nam_truoc", ("So sánh (%)", "Tăng, giảm so với năm trước"), "th_nam", "th_nam_truoc", COMPARED | ADDED_OVER_TIME),
)

YEAR_CHECKS = (
    Check(
        "ngheo_va_can_ngheo",
        "{XH.HONGHEO@th_nam}+{XH.HOCANNGHEO@th_nam}<={XH.TONGHO@th_nam}",
        "Hộ nghèo và hộ cận nghèo không được lớn hơn tổng số hộ. Kiểm tra lại mục I.",
    ),
    Check(
        "thoat_ngheo_hop_ly",
        "{XH.HOTHOATNGHEO@th_nam}<={XH.TONGHO@th_nam}*0.2",
        "Số hộ thoát nghèo trên 20% tổng số hộ. Kiểm tra lại hoặc giải trình.",
        is_warning=True,
    ),
)


def month() -> Form:
    title = "Biểu báo cáo tháng về trợ giúp xã hội, người có công"
    return Form(
        code="AS-THANG",
        name="An sinh xã hội - báo cáo tháng",
        sector="social_security",
        owner_sector="social_security",
        period_type="month",
        sheet=sheet(title, MONTH_LINES, MONTH_COLUMNS, MONTH_CHECKS),
        indicators=indicators_of(MONTH_LINES),
        form_number="09-AS/T",
        route=TWO_STEPS,
        policy=RollupPolicy("hold", "0.8"),
        adding_up_columns={column: AddingUp("sum", "sum") for column in ("kinh_phi", "kinh_phi_luy_ke_truoc", "kinh_phi_luy_ke")},
        kinds={"kinh_phi": "money"},
    )


def year() -> Form:
    title = "Biểu báo cáo năm về giảm nghèo, đời sống dân cư"
    return Form(
        code="XH-NAM",
        name="Giảm nghèo, đời sống - báo cáo năm",
        sector="social_security",
        owner_sector="social_security",
        period_type="year",
        sheet=sheet(title, YEAR_LINES, YEAR_COLUMNS, YEAR_CHECKS),
        indicators=indicators_of(YEAR_LINES),
        form_number="10-XH/N",
        figure_status="official",
    )
