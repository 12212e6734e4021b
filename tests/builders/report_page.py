"""A report as a browser opens it, from invented records."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ipdma.report import render as rendering
from ipdma.report.material import Material
from ipdma.report.render import render
from tests.builders.report_mock import few

DATA = re.compile(r'<script type="application/json" id="explore-data">(.*?)</script>', re.DOTALL)


def report_page(material: Material) -> str:
    """`report.html` with a figure of each of three kinds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "list_exhibits", few)
        return dict(render(material))["report.html"].decode("utf-8")


def explorer_data(page: str) -> dict[str, Any]:
    """What the page's script reads."""
    found = DATA.search(page)
    assert found is not None
    return json.loads(found.group(1))


def spec_of(asked: dict[str, Any]) -> dict[str, Any]:
    """The explorer's choices as `ipdma pool` takes them."""
    by_pivot = asked["prediction"] == "pivot"
    prediction = {"method": "pivot"} if by_pivot else {"df": "k_minus_2", "se": "wald"}
    return {"tau2": asked["tau2"], "ci": asked["ci"], "level": asked["level"], "prediction": prediction}
