"""The departments of a province and the sectors that each is in charge of, as data; says nothing of the people in them."""

from dataclasses import dataclass

from contracts.vocabulary import Sector

from .units_data import Unit

OFFICE = "VP"


@dataclass(frozen=True, slots=True)
class Department:
    """`{level}` in the name becomes tỉnh or thành phố."""

    key: str
    name: str
    kind: str
    sectors: tuple[Sector, ...] = ()


# After the reorganisation of March 2025: labour went to home affairs, social protection to health, transport to construction,
# planning to finance, natural resources to agriculture.
DEPARTMENTS = (
    Department(OFFICE, "Văn phòng Ủy ban nhân dân {level}", "Văn phòng", ("general",)),
    Department("TK", "Thống kê {level}", "Thống kê", ("population",)),
    Department("SGDDT", "Sở Giáo dục và Đào tạo", "Sở", ("education",)),
    Department("SYT", "Sở Y tế", "Sở", ("health", "social_security")),
    Department("SNNMT", "Sở Nông nghiệp và Môi trường", "Sở", ("agriculture", "environment")),
    Department("SCT", "Sở Công Thương", "Sở", ("industry", "trade")),
    Department("SNV", "Sở Nội vụ", "Sở", ("labour",)),
    Department("STC", "Sở Tài chính", "Sở", ("budget",)),
    Department("SXD", "Sở Xây dựng", "Sở", ("transport",)),
    Department("SVHTTDL", "Sở Văn hóa, Thể thao và Du lịch", "Sở", ("culture",)),
    Department("SKHCN", "Sở Khoa học và Công nghệ", "Sở", ("science",)),
    Department("CA", "Công an {level}", "Công an", ("security",)),
    Department("STP", "Sở Tư pháp", "Sở"),
    Department("SDTTG", "Sở Dân tộc và Tôn giáo", "Sở"),
    Department("TT", "Thanh tra {level}", "Thanh tra"),
)


def departments_of(province: Unit) -> list[Unit]:
    """The departments of `province`, codes like `52-SYT`, level `department`, the provincial office's `office`."""
    level = "thành phố" if province.kind == "Thành phố" else "tỉnh"
    return [
        Unit(
            code=f"{province.code}-{department.key}",
            name=department.name.format(level=level),
            kind=department.kind,
            level="office" if department.key == OFFICE else "department",
            province_code=province.code,
            parent_code=province.code,
            valid_from=province.valid_from,
            latitude=province.latitude,
            longitude=province.longitude,
            sectors=department.sectors,
        )
        for department in DEPARTMENTS
    ]


def in_charge_of(sector: Sector) -> Department:
    """The one department that a sector belongs to."""
    return next(department for department in DEPARTMENTS if sector in department.sectors)
