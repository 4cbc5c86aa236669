"""The year's targets: those that the province gives each commune, and those that a commune strives for itself."""

from contracts.templates import RollupPolicy
from kernel.sheet.model import Carried

from .building import Check, ColumnPlan, Line, heading, indicators_of, sheet
from .columns import COMPARED, NUMBERS, PLAN_GIVEN, percent_of
from .form import GIVEN, TWO_STEPS, Form

GIVEN_LINES = (
    heading("I", "Kinh tế"),
    Line("KT.GTSX.TOCDO", "1"),
    Line("NN.TONGGT.DT", "2", as_input=True),
    Line("LN.TRONGRUNG", "3"),
    Line("CN.GTSX", "4", as_input=True),
    Line("TM.TMBL", "5", as_input=True),
    Line("DL.KHACH", "6", as_input=True),
    Line("DN.THANHLAP", "7"),
    Line("TC.THUNSNN", "8", as_input=True),
    Line("DT.GPMB", "9"),
    heading("II", "Văn hóa - xã hội"),
    Line("DS.TANGTN", "10"),
    Line("GD.TRUONGCHUAN", "11"),
    Line("GD.MAUGIAO", "12"),
    Line("YT.TIEMCHUNG", "13"),
    Line("QH.BHYT", "14"),
    Line("LD.VIECLAM", "15", as_input=True),
    Line("QH.LDDAOTAO", "16"),
    Line("XH.HOTHOATNGHEO", "17"),
    Line("XH.TYLEHONGHEO", "18"),
    Line("XH.GIAMNGHEO.DTTS", "19"),
    Line("MS.TNBQ", "20"),
    heading("III", "Môi trường"),
    Line("MT.RAC", "21"),
)
"""The province gives each commune 21 targets, as Gia Lai did for 2026."""

GIVEN_COLUMNS = (
    ColumnPlan("th_nam_truoc", ("Ước thực hiện năm trước",), measure="estimate"),
    ColumnPlan("kh_nam", ("Kế hoạch năm được giao",), measure="plan"),
    percent_of("ss", ("Kế hoạch so với ước thực hiện năm trước (%)",), "kh_nam", "th_nam_truoc"),
)

OWN_LINES = (
    Line("KT.GTSX.TOCDO", "1"),
    Line("TC.THUNSNN", "2", as_input=True),
    Line("DN.THANHLAP", "3"),
    Line("LD.VIECLAM", "4", as_input=True),
    Line("XH.HOTHOATNGHEO", "5"),
    Line("GD.TRUONGCHUAN", "6"),
    Line("MS.TNBQ", "7"),
    Line("DT.GPMB", "8", optional=True),
)

OWN_COLUMNS = (
    ColumnPlan("kh_giao", ("Kế hoạch được giao",), "carried", "plan", carried=Carried("kh_nam", PLAN_GIVEN, "year"), holds=NUMBERS),
    ColumnPlan("kh_nam", ("Kế hoạch phấn đấu",), measure="plan"),
    ColumnPlan("vuot", ("Phấn đấu vượt",), "formula", "difference", "{kh_nam}-{kh_giao}", holds=COMPARED),
)

OWN_CHECKS = (
    Check(
        "khong_thap_hon_duoc_giao",
        "{LD.VIECLAM@kh_nam}>={LD.VIECLAM@kh_giao}",
        "Chỉ tiêu phấn đấu thấp hơn kế hoạch được giao. Kiểm tra lại hoặc giải trình.",
        is_warning=True,
    ),
)


def given() -> Form:
    title = "Chỉ tiêu kế hoạch phát triển kinh tế - xã hội giao xã, phường"
    return Form(
        code=PLAN_GIVEN,
        name="Kế hoạch năm - chỉ tiêu giao xã, phường",
        sector="general",
        owner_sector="general",
        period_type="year",
        sheet=sheet(title, GIVEN_LINES, GIVEN_COLUMNS),
        indicators=indicators_of(GIVEN_LINES),
        form_number="01-KH/N",
        legal_document="Quyết định giao chỉ tiêu kế hoạch của UBND tỉnh",
        kind="plan",
        giver="committee",
        route=GIVEN,
        figure_status="official",
        policy=RollupPolicy("show"),
        kinds={"th_nam_truoc": "last_year", "kh_nam": "plan"},
    )


def own() -> Form:
    title = "Chỉ tiêu phấn đấu của xã, phường"
    return Form(
        code="KH-PHANDAU",
        name="Kế hoạch năm - chỉ tiêu phấn đấu",
        sector="general",
        owner_sector="general",
        period_type="year",
        sheet=sheet(title, OWN_LINES, OWN_COLUMNS, OWN_CHECKS),
        indicators=indicators_of(OWN_LINES),
        form_number="02-KH/N",
        legal_document="Nghị quyết của HĐND xã, phường",
        kind="plan",
        giver="own",
        route=TWO_STEPS,
        figure_status="estimate",
        source_of_record=False,
        kinds={"kh_nam": "plan"},
    )
