"""Crops, forest and fish of a month, and livestock and perennial crops of a quarter."""

from contracts.templates import Cutoff, RollupPolicy

from .building import Check, Line, heading, indicators_of, sheet
from .columns import monthly_with_plan, shorter_period
from .form import Form

MONTH_LINES = (
    heading("I", "Gieo trồng cây hằng năm"),
    Line("NN.TONGGT.DT", "1", planned=True),
    Line("NN.LUADX.DT", "1.1", indent=1),
    Line("NN.NGO.DT", "1.2", indent=1),
    Line("NN.SAN.DT", "1.3", indent=1),
    Line("NN.RAU.DT", "1.4", indent=1),
    Line("NN.DAU.DT", "1.5", indent=1),
    Line("NN.LAC.DT", "1.6", indent=1),
    Line("NN.MIA.DT", "1.7", indent=1),
    heading("II", "Thu hoạch"),
    heading("1", "Lúa vụ Đông Xuân"),
    Line("NN.LUADX.DTTH", "1.1", "Diện tích thu hoạch", indent=1),
    Line("NN.LUADX.NS", "1.2", "Năng suất", indent=1, formula="{NN.LUADX.SL}/{NN.LUADX.DTTH}*10", to_date=True),
    Line("NN.LUADX.SL", "1.3", "Sản lượng", indent=1),
    heading("2", "Ngô (bắp)"),
    Line("NN.NGO.DTTH", "2.1", "Diện tích thu hoạch", indent=1),
    Line("NN.NGO.NS", "2.2", "Năng suất", indent=1, formula="{NN.NGO.SL}/{NN.NGO.DTTH}*10", to_date=True),
    Line("NN.NGO.SL", "2.3", "Sản lượng", indent=1),
    heading("III", "Lâm nghiệp, thủy sản"),
    Line("LN.TRONGRUNG", "1", planned=True),
    Line("LN.GO", "2"),
    Line("TS.SL", "3"),
    Line("TS.KHAITHAC", "3.1", indent=1),
    Line("TS.NUOITRONG", "3.2", indent=1),
    Line("NN.NHANXET", "IV", optional=True),
)

MONTH_CHECKS = (
    Check(
        "san_luong_khi_thu_hoach",
        "OR({NN.LUADX.DTTH@th_thang}>0,{NN.LUADX.SL@th_thang}=0)",
        "Có sản lượng lúa mà không có diện tích thu hoạch. Nhập diện tích thu hoạch.",
    ),
    Check(
        "nang_suat_lua",
        "{NN.LUADX.SL@th_thang}<={NN.LUADX.DTTH@th_thang}*9",
        "Năng suất lúa trên 90 tạ/ha. Kiểm tra lại hoặc giải trình.",
        is_warning=True,
    ),
)

PERENNIALS = (("CAPHE", "Cà phê"), ("TIEU", "Hồ tiêu"), ("DIEU", "Điều"), ("CAOSU", "Cao su"))


def _perennial(place: int, crop: str, name: str) -> tuple[Line, ...]:
    return (
        Line(f"NN.{crop}.DTSP", f"{place}.1", f"{name} - diện tích cho sản phẩm", indent=1),
        Line(f"NN.{crop}.NS", f"{place}.2", f"{name} - năng suất bình quân", indent=1),
        Line(f"NN.{crop}.SL", f"{place}.3", f"{name} - sản lượng", indent=1),
    )


QUARTER_LINES = (
    heading("I", "Chăn nuôi"),
    Line("NN.TRAU.DAN", "1"),
    Line("NN.BO.DAN", "2"),
    Line("NN.LON.DAN", "3"),
    Line("NN.GIACAM.DAN", "4"),
    Line("NN.THIT.SL", "5"),
    Line("NN.TRAU.SLTHIT", "5.1", "Thịt trâu", indent=1),
    Line("NN.BO.SLTHIT", "5.2", "Thịt bò", indent=1),
    Line("NN.LON.SLTHIT", "5.3", "Thịt lợn", indent=1),
    Line("NN.GIACAM.SLTHIT", "5.4", "Thịt gia cầm", indent=1),
    heading("II", "Cây công nghiệp lâu năm"),
    Line("NN.CCNLN.DT", "1"),
    *(Line(f"NN.{crop}.DT", f"1.{place}", name, indent=1) for place, (crop, name) in enumerate(PERENNIALS, 1)),
    heading("III", "Cây công nghiệp lâu năm cho sản phẩm"),
    *(line for place, (crop, name) in enumerate(PERENNIALS, 1) for line in _perennial(place, crop, name)),
)

QUARTER_CHECKS = tuple(
    Check(
        f"san_luong_{crop.lower()}",
        f"ABS({{NN.{crop}.SL@th_quy}}-{{NN.{crop}.DTSP@th_quy}}*{{NN.{crop}.NS@th_quy}}/10)<={{NN.{crop}.SL@th_quy}}*0.05+1",
        f"{name}: sản lượng lệch quá 5% so với diện tích cho sản phẩm × năng suất. Kiểm tra lại hoặc giải trình.",
        is_warning=True,
    )
    for crop, name in PERENNIALS
)


def month() -> Form:
    title = "Biểu báo cáo tháng về nông, lâm nghiệp và thủy sản"
    return Form(
        code="NN-THANG",
        name="Nông nghiệp - báo cáo tháng",
        sector="agriculture",
        owner_sector="agriculture",
        period_type="month",
        sheet=sheet(title, MONTH_LINES, monthly_with_plan(), MONTH_CHECKS),
        indicators=indicators_of(MONTH_LINES),
        form_number="04-NN/T",
        figure_status="estimate",
        cutoff=Cutoff("statistical", due_working_days=3),
    )


def quarter() -> Form:
    title = "Biểu báo cáo quý về chăn nuôi, cây công nghiệp lâu năm"
    return Form(
        code="NN-QUY",
        name="Chăn nuôi, cây lâu năm - báo cáo quý",
        sector="agriculture",
        owner_sector="agriculture",
        period_type="quarter",
        sheet=sheet(title, QUARTER_LINES, shorter_period("quý", "th_quy"), QUARTER_CHECKS),
        indicators=indicators_of(QUARTER_LINES),
        form_number="05-NN/Q",
        policy=RollupPolicy("hold", "0.5"),
    )
