"""The commune's month of population and civil registration."""

from contracts.templates import RollupPolicy

from .building import Check, Line, heading, indicators_of, sheet
from .columns import monthly
from .form import Form

LINES = (
    heading("I", "Dân số, hộ gia đình có đến cuối kỳ"),
    Line("DS.SOHO", "1"),
    Line("DS.CUOIKY", "2"),
    Line("DS.CUOIKY.NAM", "2.1", indent=1),
    Line("DS.CUOIKY.NU", "2.2", indent=1),
    Line("DS.CUOIKY.TE5", "", "Trong đó: Trẻ em dưới 5 tuổi", indent=1),
    Line("DS.CUOIKY.DTTS", "", "Trong đó: Đồng bào dân tộc thiểu số", indent=1, optional=True),
    heading("II", "Biến động trong kỳ"),
    Line("DS.SINH", "1"),
    Line("DS.SINH.NAM", "1.1", indent=1),
    Line("DS.SINH.NU", "1.2", indent=1),
    Line("DS.SINH.CON3", "", "Trong đó: Con thứ ba trở lên", indent=1),
    Line("DS.KHAITU", "2"),
    Line("DS.TANGTN.SO", "3", formula="{DS.SINH}-{DS.KHAITU}"),
    Line("DS.CHUYENDEN", "4"),
    Line("DS.CHUYENDI", "5"),
    Line("DS.TYSOGTSINH", "6", formula="{DS.SINH.NAM}/{DS.SINH.NU}*100", to_date=True),
    heading("III", "Hộ tịch"),
    Line("DS.KETHON", "1"),
    Line("DS.LYHON", "2", optional=True),
    Line("DS.KHAISINH.SO", "3"),
    Line("DS.KHAISINH", "4", formula="{DS.KHAISINH.SO}/{DS.CUOIKY.TE5}*100"),
    Line("DS.NHANXET", "IV", optional=True),
)

CHECKS = (
    Check(
        "sinh_so_voi_dan_so",
        "{DS.SINH@th_thang}<={DS.CUOIKY@th_thang}*0.02",
        "Số trẻ sinh trong tháng vượt 2% dân số. Kiểm tra lại hoặc giải trình.",
        is_warning=True,
    ),
    Check(
        "nguoi_tren_ho",
        "{DS.SOHO@th_thang}<={DS.CUOIKY@th_thang}",
        "Số hộ không được lớn hơn dân số. Kiểm tra lại hai dòng này.",
    ),
)


def month() -> Form:
    title = "Biểu báo cáo tháng về dân số, hộ tịch"
    return Form(
        code="DS-THANG",
        name="Dân số - báo cáo tháng",
        sector="population",
        owner_sector="population",
        period_type="month",
        sheet=sheet(title, LINES, monthly(), CHECKS),
        indicators=indicators_of(LINES),
        form_number="01-DS/T",
        policy=RollupPolicy("show"),
    )
