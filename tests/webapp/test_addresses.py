"""Who asks is told by the address that the first proxy of ours saw, however it is written."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from webapp.lib.addresses import address_of, network_of

HTTPS = ("HTTP_X_FORWARDED_PROTO", "https")


def with_port(address: str) -> str:
    """The address with a port, as Azure's gateway and HAProxy's `%ci:%cp` write it."""
    return f"[{address}]:4711" if ":" in address else f"{address}:4711"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ('"[2001:db8::7]:443"', "2001:db8::7"),
        ("2001:DB8:0:0:0:0:0:7", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("[::ffff:192.0.2.7]:80", "192.0.2.7"),
        ("unknown", "10.0.0.1"),  # a proxy that hides whom it serves is counted itself
        ("", "10.0.0.1"),
    ],
)
def test_an_address_is_the_same_however_a_proxy_writes_it(settings, written, address):
    settings.REST_FRAMEWORK = {"NUM_PROXIES": 1}
    meta = {"REMOTE_ADDR": "10.0.0.1:5000", "HTTP_X_FORWARDED_FOR": f"6.6.6.6, {written}"}
    assert address_of(meta) == address


@pytest.mark.parametrize(
    ("proxies", "tells_of_https", "forwarded", "address"),
    [
        (None, None, "6.6.6.6", "127.0.0.1"),  # clients can forge this header
        (None, HTTPS, "6.6.6.6, 9.9.9.9", "9.9.9.9"),  # our proxy appended the last one
        (None, HTTPS, "", "127.0.0.1"),
        (0, HTTPS, "6.6.6.6", "127.0.0.1"),
        (2, None, "6.6.6.6, 9.9.9.9, 10.0.0.2", "9.9.9.9"),  # a CDN, and a proxy behind it
        (2, None, "9.9.9.9", "9.9.9.9"),
    ],
)
def test_strangers_are_counted_by_an_address_that_they_cannot_choose(
    settings, proxies, tells_of_https, forwarded, address
):
    settings.REST_FRAMEWORK = {"NUM_PROXIES": proxies}
    settings.SECURE_PROXY_SSL_HEADER = tells_of_https
    meta = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": forwarded}
    assert address_of(meta) == address


@given(
    forged=st.lists(st.text(st.characters(codec="latin-1")), max_size=3),
    chain=st.lists(st.ip_addresses(), min_size=1, max_size=4),
    ports=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_any_chain_of_proxies_leads_to_the_address_before_it(forged, chain, ports):
    """chain: the caller and then our proxies; each adds the address that it was asked from."""
    seen = [str(getattr(found, "ipv4_mapped", None) or found) for found in chain]
    written = [with_port(a) if port else a for a, port in zip(seen, ports, strict=False)]
    header = ", ".join([*forged, *written[:-1]])
    meta = {"REMOTE_ADDR": written[-1], "HTTP_X_FORWARDED_FOR": header}

    with override_settings(REST_FRAMEWORK={"NUM_PROXIES": len(chain) - 1}):
        assert address_of(meta) == seen[0]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("10.0.0.1", "10.0.0.2", False),
        ("", "", True),
    ],
)
def test_an_address_of_ipv6_is_counted_by_its_network(one, other, is_same):
    assert (network_of(one) == network_of(other)) == is_same


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_all_addresses_of_a_network_are_one_caller(address, host):
    sibling = IPv6Address((int(address) >> 64 << 64) + host)
    assert network_of(str(address)) == network_of(str(sibling))
    assert ip_address(network_of(str(address)).partition("/")[0]).version == 6
