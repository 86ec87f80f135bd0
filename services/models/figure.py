"""Figures of processes that nobody can ask: workers and crawlers add theirs up here, and the gateway shows them."""

from __future__ import annotations

from sqlalchemy import Float, String
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base


class Figure(Base):
    """One series: the name of a sample and its labels, as JSON, and its sum over processes. Nobody's, as Host."""

    __tablename__ = "figures"
    series: Mapped[str] = mapped_column(String(400), primary_key=True)
    value: Mapped[float] = mapped_column(Float)
