"""The commune health station's month."""

from .building import Check, Line, heading, indicators_of, sheet
from .columns import monthly
from .form import Form

LINES = (
    heading("I", "Khám, chữa bệnh"),
    Line("YT.KHAM", "1"),
    Line("YT.KHAM.BHYT", "1.1", indent=1),
    Line("YT.KHAM.KHAC", "1.2", indent=1),
    Line("YT.KHAM.TE6", "", "Trong đó: Trẻ em dưới 6 tuổi", indent=1),
    Line("YT.KHAM.YHCT", "", "Trong đó: Bằng y học cổ truyền", indent=1, optional=True),
    heading("II", "Tiêm chủng, dinh dưỡng trẻ em"),
    Line("YT.TIEMCHUNG.DICH", "1"),
    Line("YT.TIEMCHUNG.SO", "2"),
    Line("YT.TIEMCHUNG", "3", formula="{YT.TIEMCHUNG.SO}/{YT.TIEMCHUNG.DICH}*100", to_date=True),
    Line("YT.CANDO", "4"),
    Line("YT.SDD.SO", "5"),
    Line("YT.SDD", "6", formula="{YT.SDD.SO}/{YT.CANDO}*100"),
    heading("III", "Bệnh truyền nhiễm"),
    Line("YT.DICH", "1"),
    Line("YT.DICH.SXH", "1.1", indent=1),
    Line("YT.DICH.TCM", "1.2", indent=1),
    Line("YT.DICH.SOTRET", "1.3", indent=1),
    Line("YT.DICH.THUYDAU", "1.4", indent=1),
    Line("YT.DICH.TUVONG", "2", optional=True),
    heading("IV", "Bảo hiểm y tế"),
    Line("YT.DANSO", "1"),
    Line("YT.BHYT.SO", "2"),
    Line("QH.BHYT", "3", formula="ROUND({YT.BHYT.SO}/{YT.DANSO}*100,2)"),
    Line("YT.NHANXET", "V", optional=True),
)

CHECKS = (
    Check(
        "tu_vong_trong_so_mac",
        "{YT.DICH.TUVONG@th_thang}<={YT.DICH@th_thang}",
        "Số tử vong không được lớn hơn số ca mắc. Kiểm tra lại mục III.",
    ),
    Check(
        "bao_phu_tiem_chung",
        "OR({YT.TIEMCHUNG.DICH@th_thang}=0,{YT.TIEMCHUNG.SO@th_thang}>={YT.TIEMCHUNG.DICH@th_thang}*0.5)",
        "Tỷ lệ tiêm chủng dưới 50%. Kiểm tra lại hoặc giải trình.",
        is_warning=True,
    ),
)


def month() -> Form:
    title = "Biểu báo cáo tháng về y tế"
    return Form(
        code="YT-THANG",
        name="Y tế - báo cáo tháng",
        sector="health",
        owner_sector="health",
        period_type="month",
        sheet=sheet(title, LINES, monthly(), CHECKS),
        indicators=indicators_of(LINES),
        form_number="03-YT/T",
        legal_document="Danh mục chỉ tiêu Niên giám thống kê y tế",
    )
