"""The description of the API is right: generated requests are answered as it says."""

import json
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.schemas import OpenApiSchema

from exporter.web.api.openapi import OPERATIONS, document
from tests.support.background import serving_beside
from tests.support.pages import typical_world
from tests.support.web import CONFIG, FakeState, ask, serving


@pytest.fixture(scope="module")
def described() -> Iterator[OpenApiSchema]:
    """The document as it is served, with the address that serves it."""
    with serving_beside(FakeState(views=typical_world())) as url:
        yield schemathesis.openapi.from_url(f"{url}/api/openapi.json")


KINDS = [
    (operation.path, mode)
    for operation in OPERATIONS
    for mode in GenerationMode
    if operation.parameters or mode is GenerationMode.POSITIVE  # else nothing can be wrong
]


@pytest.mark.parametrize(("path", "mode"), KINDS)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_answers_are_as_described(
    described: OpenApiSchema, path: str, mode: GenerationMode, data: st.DataObject
) -> None:
    """Status, type and body of every answer, to requests that keep to the document or do not."""
    case = data.draw(described[path]["GET"].as_strategy(generation_mode=mode))
    # An empty list or mapping leaves no trace in an address, so nothing wrong would be asked.
    assume([] not in case.query.values() and {} not in case.query.values())
    case.call_and_validate()


async def test_the_document_is_valid_and_complete() -> None:
    """It is OpenAPI 3.1 and describes every address below /api/v1/."""
    async with serving(FakeState()) as url:
        answer = await ask(f"{url}/api/openapi.json")
        described = json.loads(answer.text)
        for path in described["paths"]:
            assert (await ask(f"{url}{path}")).status == 200
    assert answer.headers["content-type"] == "application/json"
    schemathesis.openapi.from_dict(described).validate()
    assert sorted(described["paths"]) == sorted(operation.path for operation in OPERATIONS)
    assert described["info"]["version"] == "1.2.3"


def test_every_field_and_parameter_is_described_once() -> None:
    """Names in the schema are those of the records; nothing is left without a place."""
    schemas = document("1")["components"]["schemas"]
    assert {"ServerRecord", "JobRecord", "SessionRecord", "Statistics"} <= schemas.keys()
    assert schemas["SessionRecord"]["required"] == list(schemas["SessionRecord"]["properties"])
    assert CONFIG.servers[0].name not in json.dumps(schemas)
