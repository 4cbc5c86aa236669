"""The commune's month of industry and handicrafts."""

from .building import Check, Line, heading, indicators_of, sheet
from .columns import monthly_with_plan
from .form import TWO_STEPS, Form

LINES = (
    heading("I", "Giá trị sản xuất"),
    Line("CN.GTSX", "1", planned=True),
    Line("CN.GTSX.KK", "1.1", indent=1),
    Line("CN.GTSX.CBCT", "1.2", indent=1),
    Line("CN.GTSX.DIEN", "1.3", indent=1),
    Line("CN.GTSX.NUOC", "1.4", indent=1),
    Line("KT.GTSX.TOCDO", "2", optional=True),
    heading("II", "Sản phẩm chủ yếu"),
    Line("CN.SP.DA", "1", optional=True),
    Line("CN.SP.TINHBOT", "2", optional=True),
    Line("CN.SP.GO", "3", optional=True),
    Line("CN.SP.MAY", "4", optional=True),
    Line("CN.SP.DIEN", "5", optional=True),
    heading("III", "Cơ sở, lao động"),
    Line("CN.COSO", "1"),
    Line("CN.COSO.LANGNGHE", "", "Trong đó: Trong cụm công nghiệp, làng nghề", indent=1),
    Line("CN.LAODONG", "2"),
    Line("CN.NSLD", "3", formula="{CN.GTSX}/{CN.LAODONG}*1000"),
    Line("CN.NHANXET", "IV", optional=True),
)

CHECKS = (
    Check(
        "co_lao_dong",
        "OR({CN.GTSX@th_thang}=0,{CN.LAODONG@th_thang}>0)",
        "Có giá trị sản xuất mà không có lao động. Nhập số lao động.",
    ),
    Check(
        "ty_trong_che_bien",
        "{CN.GTSX.CBCT@th_thang}>={CN.GTSX@th_thang}*0.2",
        "Công nghiệp chế biến, chế tạo dưới 20% giá trị sản xuất. Kiểm tra lại hoặc giải trình.",
        is_warning=True,
    ),
)


def month() -> Form:
    title = "Biểu báo cáo tháng về công nghiệp, tiểu thủ công nghiệp"
    return Form(
        code="CN-THANG",
        name="Công nghiệp - báo cáo tháng",
        sector="industry",
        owner_sector="industry",
        period_type="month",
        sheet=sheet(title, LINES, monthly_with_plan(), CHECKS),
        indicators=indicators_of(LINES),
        form_number="06-CN/T",
        route=TWO_STEPS,
        figure_status="estimate",
    )
