"""The one spelling of an issuer, and where plain HTTP may be spoken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockagent.protocol.issuer import Issuer, is_loopback, parse_issuer, parse_server_url
from policies.vocabulary import Environment, TenantId

PRODUCTION, DEVELOPMENT = Environment.PRODUCTION, Environment.DEVELOPMENT


@pytest.mark.parametrize(
    "url",
    [
        "https://nokkel.example.no/t/oslo",
        "https://nokkel.example.no:8443/t/oslo",
        "https://192.0.2.7/t/oslo",
        "https://[2001:db8::7]:8443/t/oslo",
    ],
)
@pytest.mark.parametrize("environment", list(Environment))
def test_an_https_issuer_is_good_everywhere(url: str, environment: Environment) -> None:
    assert parse_issuer(url, environment) == Issuer(url, TenantId("oslo"))


@pytest.mark.parametrize(
    "url",
    ["http://localhost:8080/t/oslo", "http://127.0.0.1:8080/t/oslo", "http://[::1]/t/oslo"],
)
def test_plain_http_is_for_this_machine_in_development(url: str) -> None:
    assert parse_issuer(url, DEVELOPMENT).url == url
    for environment in (PRODUCTION, Environment.TEST):
        with pytest.raises(ValueError, match=f"expected https in environment {environment}"):
            parse_issuer(url, environment)


@pytest.mark.parametrize("host", ["nokkel.example.no", "127.0.0.1.example.no", "[2001:db8::7]"])
def test_plain_http_to_another_machine_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="expected https, or http to loopback"):
        parse_issuer(f"http://{host}/t/oslo", DEVELOPMENT)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nokkel.example.no",
        "https://nokkel.example.no",
        "https://nokkel.example.no/t/",
        "https://nokkel.example.no/t/Oslo",
        "https://nokkel.example.no/t/oslo/",
        "https://nokkel.example.no/t/oslo/v1",
        "https://nokkel.example.no/x/t/oslo",
        "https://nokkel.example.no//t/oslo",
        "https://nokkel.example.no/t/t/oslo",
        "https://nokkel.example.no/t/oslo?",
        "https://nokkel.example.no/t/oslo?x=1",
        "https://nokkel.example.no/t/oslo#x",
        "https://somebody:s3cret@nokkel.example.no/t/oslo",
        "https://nokkel.example.no:/t/oslo",
        "https://nokkel.example.no:65536/t/oslo",
        "https://nøkkel.example.no/t/oslo",
        "https:///t/oslo",
        "HTTPS://nokkel.example.no/t/oslo",
        "ftp://127.0.0.1/t/oslo",
        " https://nokkel.example.no/t/oslo",
        "https://nokkel.example.no/t/oslo\n",
    ],
)
def test_another_spelling_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="expected") as refused:
        parse_issuer(url, DEVELOPMENT)
    assert "s3cret" not in str(refused.value)


@given(st.text(alphabet="https:/.t@?#[]0aZ\n ", max_size=40))
def test_whatever_is_accepted_is_one_host_and_one_tenant(text: str) -> None:
    try:
        issuer = parse_issuer(text, PRODUCTION)
    except ValueError:
        return
    assert issuer.url == text
    assert parse_server_url(text.removesuffix(f"/t/{issuer.tenant}"), PRODUCTION)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_loopback_is_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.no", "localhost.example.no", ""])
def test_what_others_reach_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)
