"""The closed word lists that several services share, each with the words that people read."""

from typing import Literal, get_args

Role = Literal["data_entry", "leader", "verifier", "compiler", "executive", "administrator", "operator", "subscriber"]

ROLE_WORDS: dict[str, str] = {
    "data_entry": "Cán bộ nhập liệu",
    "leader": "Lãnh đạo đơn vị",
    "verifier": "Cán bộ thẩm định",
    "compiler": "Cán bộ giao báo cáo, tổng hợp",
    "executive": "Lãnh đạo tỉnh",
    "administrator": "Quản trị",
    "operator": "Vận hành",
    "subscriber": "Hệ thống nhận số liệu",
}

Sector = Literal[
    "general",
    "population",
    "education",
    "health",
    "agriculture",
    "industry",
    "trade",
    "labour",
    "social_security",
    "budget",
    "environment",
    "transport",
    "culture",
    "science",
    "security",
]

SECTOR_WORDS: dict[str, str] = {
    "general": "Tổng hợp",
    "population": "Dân số",
    "education": "Giáo dục",
    "health": "Y tế",
    "agriculture": "Nông nghiệp",
    "industry": "Công nghiệp",
    "trade": "Thương mại",
    "labour": "Lao động",
    "social_security": "An sinh xã hội",
    "budget": "Tài chính, ngân sách",
    "environment": "Tài nguyên, môi trường",
    "transport": "Giao thông, xây dựng",
    "culture": "Văn hóa, thể thao, du lịch",
    "science": "Khoa học, công nghệ",
    "security": "An ninh, trật tự",
}

UnitLevel = Literal["country", "province", "district", "commune", "department", "office"]
"""`office` is the provincial office, which sees every sector."""

State = Literal[
    "assigned",
    "drafting",
    "awaiting_leader",
    "sent",
    "verified",
    "approved",
    "rejected",
    "returned",
    "reopened",
    "cancelled",
]

STATE_WORDS: dict[str, str] = {
    "assigned": "Chưa nhập liệu",
    "drafting": "Đang nhập liệu",
    "awaiting_leader": "Chờ lãnh đạo duyệt",
    "sent": "Đã gửi",
    "verified": "Đã thẩm định, chờ duyệt",
    "approved": "Đã duyệt",
    "rejected": "Lãnh đạo từ chối",
    "returned": "Bị trả lại",
    "reopened": "Đang đính chính",
    "cancelled": "Đã hủy giao",
}

EDITABLE: frozenset[str] = frozenset({"assigned", "drafting", "rejected", "returned", "reopened"})
"""States in which submissions holds the ball; in the others approvals does."""

Decision = Literal["send", "reject", "verify", "approve", "return"]
StepAction = Literal["send", "verify", "approve"]
"""What moves a revision past a step; the first step may reject, later ones may return."""

Effect = Literal["applied", "none"]
"""`none`: the decision no longer fitted when it was logged (an old revision, a cancelled assignment)."""

OverUnits = Literal["sum", "mean", "weighted_mean", "min", "max", "none"]
OverTime = Literal["sum", "last", "mean", "none"]
FigureStatus = Literal["estimate", "preliminary", "official"]
PeriodType = Literal["month", "quarter", "half", "nine-months", "year", "school-year", "season"]
Giver = Literal["government", "council", "committee", "own"]
"""Who gave a plan; `own` is what the unit strives for (phấn đấu)."""

assert set(SECTOR_WORDS) == set(get_args(Sector))
assert set(ROLE_WORDS) == set(get_args(Role))
