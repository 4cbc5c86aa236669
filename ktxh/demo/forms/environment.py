"""The commune's half-year of waste, clean water and offences against the environment."""

from .building import Check, Line, heading, indicators_of, sheet
from .columns import shorter_period
from .form import Form

LINES = (
    heading("I", "Chất thải rắn sinh hoạt"),
    Line("MT.RAC.PHATSINH", "1"),
    Line("MT.RAC.THUGOM", "2"),
    Line("MT.RAC", "3", formula="{MT.RAC.THUGOM}/{MT.RAC.PHATSINH}*100", to_date=True),
    heading("II", "Nước sạch, xử lý vi phạm"),
    Line("MT.NUOCSACH.SO", "1"),
    Line("MT.VIPHAM", "2"),
    Line("MT.VIPHAM.PHAT", "3"),
    Line("MT.NHANXET", "III", optional=True),
)

CHECKS = (
    Check(
        "phat_khi_co_vu",
        "OR({MT.VIPHAM.PHAT@th_ky}=0,{MT.VIPHAM@th_ky}>0)",
        "Có tiền phạt mà không có vụ vi phạm. Kiểm tra lại hai dòng này.",
    ),
)


def half_year() -> Form:
    title = "Biểu báo cáo 6 tháng về môi trường"
    return Form(
        code="MT-6THANG",
        name="Môi trường - báo cáo 6 tháng",
        sector="environment",
        owner_sector="environment",
        period_type="half",
        sheet=sheet(title, LINES, shorter_period("kỳ", "th_ky"), CHECKS),
        indicators=indicators_of(LINES),
        form_number="12-MT/6T",
    )
