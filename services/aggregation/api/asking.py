"""What routes ask for alike: who may, which lens, which point of the log."""

from typing import Annotated, Literal

from fastapi import Depends, Query

from kernel.auth import Allow, Principal

from ..queries.scope import SEES_FIGURES

Reader = Annotated[Principal, Depends(Allow(*SEES_FIGURES))]
Operator = Annotated[Principal, Depends(Allow("operator"))]
Compiler = Annotated[Principal, Depends(Allow("compiler"))]

Lens = Annotated[
    Literal["approved", "sent"], Query(description="approved: số liệu đã duyệt; sent: số liệu đã gửi mới nhất, kể cả chưa duyệt")
]
AsOf = Annotated[
    str | None,
    Query(description="Số liệu tại thời điểm: số thứ tự trong nhật ký, thời điểm hoặc ngày (hết 24:00)", examples=["1520", "2026-04-20"]),
]
Restating = Annotated[
    Literal["as_reported", "restated"], Query(description="as_reported: theo đơn vị khi báo cáo; restated: quy về đơn vị hiện nay")
]
