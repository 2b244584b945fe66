"""What every flow needs: the server's address, a key, the names of the models."""

import os

import pytest

URL = os.environ["REALM_URL"]
KEY = os.environ["REALM_KEY"]
MODEL = os.environ["REALM_MODEL"]


@pytest.fixture
def url():
    return URL


@pytest.fixture
def v1():
    return URL + "/v1"


@pytest.fixture
def key():
    return KEY


@pytest.fixture
def other_key():
    return os.environ["REALM_OTHER_KEY"]


@pytest.fixture
def model():
    return MODEL


@pytest.fixture
def encoder():
    return os.environ["REALM_ENCODER"]


QUESTION = "What is the capital of France?"


@pytest.fixture
def question():
    return QUESTION


WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string", "enum": ["Paris", "Rome", "Oslo"]}, "celsius": {"type": "boolean"}},
    "required": ["city", "celsius"],
    "additionalProperties": False,
}


@pytest.fixture
def weather():
    """The schema of the one tool that the flows offer."""
    return WEATHER
