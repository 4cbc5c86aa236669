"""The commune's month of schools, pupils and teachers."""

from .building import Check, Line, heading, indicators_of, sheet
from .columns import monthly
from .form import Form

LINES = (
    heading("I", "Trường, lớp"),
    Line("GD.TRUONG", "1"),
    Line("GD.TRUONG.MN", "1.1", indent=1),
    Line("GD.TRUONG.TH", "1.2", indent=1),
    Line("GD.TRUONG.THCS", "1.3", indent=1),
    Line("GD.TRUONGDATCHUAN.SO", "", "Trong đó: Số trường đạt chuẩn quốc gia", indent=1),
    Line("GD.LOP", "2"),
    Line("GD.LOPMN", "2.1", indent=1),
    Line("GD.LOPTH", "2.2", indent=1),
    Line("GD.LOPTHCS", "2.3", indent=1),
    heading("II", "Học sinh, giáo viên"),
    Line("GD.HS", "1"),
    Line("GD.HSMN", "1.1", indent=1),
    Line("GD.HSTH", "1.2", indent=1),
    Line("GD.HSTHCS", "1.3", indent=1),
    Line("GD.HS.DTTS", "", "Trong đó: Học sinh dân tộc thiểu số", indent=1, optional=True),
    Line("GD.GV", "2"),
    Line("GD.GVMN", "2.1", indent=1),
    Line("GD.GVTH", "2.2", indent=1),
    Line("GD.GVTHCS", "2.3", indent=1),
    heading("III", "Duy trì sĩ số, chất lượng"),
    Line("GD.BOHOC", "1"),
    Line("GD.BOHOC.TH", "1.1", indent=1),
    Line("GD.BOHOC.THCS", "1.2", indent=1),
    Line("GD.TYLEBOHOC", "2", formula="{GD.BOHOC}/({GD.HSTH}+{GD.HSTHCS})*100"),
    Line("GD.SISO", "3", formula="{GD.HS}/{GD.LOP}"),
    Line("GD.TRUONGCHUAN", "4", formula="{GD.TRUONGDATCHUAN.SO}/{GD.TRUONG}*100"),
    Line("GD.NHANXET", "IV", optional=True),
)

CHECKS = (
    Check(
        "bo_hoc_trong_so_hoc_sinh",
        "{GD.BOHOC.TH@th_thang}+{GD.BOHOC.THCS@th_thang}<={GD.HSTH@th_thang}+{GD.HSTHCS@th_thang}",
        "Số học sinh bỏ học không được lớn hơn số học sinh. Kiểm tra lại các dòng này.",
    ),
    Check(
        "si_so_lop",
        "{GD.HS@th_thang}<={GD.LOP@th_thang}*45",
        "Bình quân một lớp trên 45 học sinh. Kiểm tra lại hoặc giải trình.",
        is_warning=True,
    ),
)


def month() -> Form:
    title = "Biểu báo cáo tháng về giáo dục"
    return Form(
        code="GD-THANG",
        name="Giáo dục - báo cáo tháng",
        sector="education",
        owner_sector="education",
        period_type="month",
        sheet=sheet(title, LINES, monthly(), CHECKS),
        indicators=indicators_of(LINES),
        form_number="02-GD/T",
    )
