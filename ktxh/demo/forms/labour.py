"""The commune's month of work and vocational training."""

from .building import Check, Line, heading, indicators_of, sheet
from .columns import monthly_with_plan
from .form import Form

LINES = (
    heading("I", "Giải quyết việc làm"),
    Line("LD.VIECLAM", "1", planned=True),
    Line("LD.VIECLAM.NAM", "1.1", indent=1),
    Line("LD.VIECLAM.NU", "1.2", indent=1),
    Line("LD.VIECLAM.VAYVON", "", "Trong đó: Qua vay vốn Quỹ quốc gia về việc làm", indent=1),
    Line("LD.VIECLAM.NGOAI", "", "Trong đó: Đi làm việc ở nước ngoài theo hợp đồng", indent=1),
    Line("LD.TCTN", "2"),
    heading("II", "Lực lượng lao động, đào tạo nghề"),
    Line("LD.LLLD15", "1"),
    Line("LD.LLLD.DAOTAO", "", "Trong đó: Qua đào tạo", indent=1),
    Line("LD.LLLD.CHUNGCHI", "", "Trong đó: Có bằng cấp, chứng chỉ", indent=2, optional=True),
    Line("QH.LDDAOTAO", "2", formula="IF({LD.LLLD15}=0,0,{LD.LLLD.DAOTAO}/{LD.LLLD15})*100"),
    Line("LD.DAOTAO", "3"),
    Line("LD.DAOTAO.NT", "", "Trong đó: Lao động nông thôn", indent=1),
    heading("III", "An toàn lao động"),
    Line("LD.TNLD", "1"),
    Line("LD.NHANXET", "IV", optional=True),
)

CHECKS = (
    Check(
        "viec_lam_trong_luc_luong",
        "{LD.VIECLAM@th_thang}<={LD.LLLD15@th_thang}",
        "Số lao động được tạo việc làm không được lớn hơn lực lượng lao động. Kiểm tra lại hai dòng này.",
    ),
    Check(
        "viec_lam_tang_dot_bien",
        "{LD.VIECLAM@th_thang}<={LD.LLLD15@th_thang}*0.05",
        "Số việc làm mới trong tháng trên 5% lực lượng lao động. Kiểm tra lại hoặc giải trình.",
        is_warning=True,
    ),
)


def month() -> Form:
    title = "Biểu báo cáo tháng về lao động, việc làm, đào tạo nghề"
    return Form(
        code="LD-THANG",
        name="Lao động - báo cáo tháng",
        sector="labour",
        owner_sector="labour",
        period_type="month",
        sheet=sheet(title, LINES, monthly_with_plan(), CHECKS),
        indicators=indicators_of(LINES),
        form_number="08-LD/T",
    )
