"""Which addresses and hosts may be called."""

from __future__ import annotations

import ipaddress
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.net.guard import AddressRefused, Refusal, check_host, judge, literal

REFUSED = {
    # the machine, its network, and the platform below it
    "127.0.0.1": Refusal.LOOPBACK,
    "127.255.255.255": Refusal.LOOPBACK,
    "0.0.0.0": Refusal.UNSPECIFIED,
    "0.1.2.3": Refusal.UNSPECIFIED,
    "10.0.0.0": Refusal.PRIVATE,
    "10.255.255.255": Refusal.PRIVATE,
    "172.16.0.1": Refusal.PRIVATE,
    "172.31.255.255": Refusal.PRIVATE,
    "192.168.0.1": Refusal.PRIVATE,
    "192.168.255.255": Refusal.PRIVATE,
    "100.64.0.1": Refusal.SHARED,
    "100.127.255.255": Refusal.SHARED,
    "169.254.1.1": Refusal.LINK_LOCAL,
    "169.254.169.254": Refusal.METADATA,
    "169.254.170.2": Refusal.METADATA,
    "100.100.100.200": Refusal.METADATA,
    "192.0.0.192": Refusal.METADATA,
    "168.63.129.16": Refusal.PLATFORM,
    # special purposes
    "192.0.0.1": Refusal.PROTOCOL,
    "192.0.0.170": Refusal.PROTOCOL,
    "192.31.196.1": Refusal.PROTOCOL,
    "192.52.193.1": Refusal.PROTOCOL,
    "192.175.48.1": Refusal.PROTOCOL,
    "192.0.2.1": Refusal.DOCUMENTATION,
    "198.51.100.7": Refusal.DOCUMENTATION,
    "203.0.113.255": Refusal.DOCUMENTATION,
    "198.18.0.1": Refusal.BENCHMARK,
    "198.19.255.255": Refusal.BENCHMARK,
    "192.88.99.1": Refusal.SIX_TO_FOUR,
    "224.0.0.1": Refusal.MULTICAST,
    "239.255.255.255": Refusal.MULTICAST,
    "240.0.0.1": Refusal.RESERVED,
    "255.255.255.254": Refusal.RESERVED,
    "255.255.255.255": Refusal.BROADCAST,
    # IPv6
    "::": Refusal.UNSPECIFIED,
    "::1": Refusal.LOOPBACK,
    "::2": Refusal.MAPPED,
    "::7f00:1": Refusal.MAPPED,
    "::ffff:127.0.0.1": Refusal.MAPPED,
    "::ffff:8.8.8.8": Refusal.MAPPED,
    "::ffff:0:8.8.8.8": Refusal.MAPPED,
    "64:ff9b::7f00:1": Refusal.NAT64,
    "64:ff9b::808:808": Refusal.NAT64,
    "64:ff9b:1::a00:1": Refusal.NAT64,
    "64:ff9b:1:ffff:ffff::1": Refusal.NAT64,
    "64:ff9b:2::1": Refusal.RESERVED,
    "100::1": Refusal.RESERVED,
    "2001::1": Refusal.TEREDO,
    "2001:0:4136:e378:8000:63bf:3fff:fdd2": Refusal.TEREDO,
    "2001:1::1": Refusal.PROTOCOL,
    "2001:2::1": Refusal.BENCHMARK,
    "2001:20::1": Refusal.PROTOCOL,
    "2001:db8::1": Refusal.DOCUMENTATION,
    "3fff::1": Refusal.DOCUMENTATION,
    "2002:7f00:1::": Refusal.SIX_TO_FOUR,
    "2002:808:808::1": Refusal.SIX_TO_FOUR,
    "2620:4f:8000::1": Refusal.PROTOCOL,
    "2606:4700::5efe:a00:1": Refusal.ISATAP,
    "2606:4700:0:0:200:5efe:7f00:1": Refusal.ISATAP,
    "5f00::1": Refusal.RESERVED,
    "4000::1": Refusal.RESERVED,
    "fc00::1": Refusal.PRIVATE,
    "fd12:3456:789a::1": Refusal.PRIVATE,
    "fd00:ec2::254": Refusal.METADATA,
    "fd20:ce::254": Refusal.METADATA,
    "fe80::1": Refusal.LINK_LOCAL,
    "fe80::1%1": Refusal.LINK_LOCAL,
    "2606:4700::1%eth0": Refusal.LINK_LOCAL,
    "fec0::1": Refusal.SITE_LOCAL,
    "ff02::1": Refusal.MULTICAST,
    "ff0e::1": Refusal.MULTICAST,
}

ACCEPTED = (
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "20.50.2.60",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2603:1020::1",
    "2606:4700:4700::1111",
    "2a00:1450::1",
    "3ffe:ffff::1",
)

SPELLINGS = {
    "127.1": "127.0.0.1",
    "127.0.1": "127.0.0.1",
    "0x7f.1": "127.0.0.1",
    "0X7F.0.0.1": "127.0.0.1",
    "0177.0.0.1": "127.0.0.1",
    "2130706433": "127.0.0.1",
    "0x7f000001": "127.0.0.1",
    "017700000001": "127.0.0.1",
    "0": "0.0.0.0",
    "0x": "0.0.0.0",
    "127.0.0.1.": "127.0.0.1",
    "[::ffff:127.0.0.1]": "::ffff:127.0.0.1",
    "[::1]": "::1",
    "①②⑦.⓪.⓪.①": "127.0.0.1",
    "127。0。0。1": "127.0.0.1",
    "１２７.0.0.1": "127.0.0.1",
    "169.254.43518": "169.254.169.254",
    "8.8.8.8": "8.8.8.8",
}


@pytest.mark.fault("F01")
@pytest.mark.parametrize(("text", "reason"), REFUSED.items())
def test_addresses_that_lead_inside_are_refused(text: str, reason: Refusal) -> None:
    assert judge(ip_address(text)) == reason


@pytest.mark.parametrize("text", ACCEPTED)
def test_public_addresses_are_accepted(text: str) -> None:
    assert judge(ip_address(text)) is None


@given(st.ip_addresses())
def test_nothing_that_python_knows_not_to_be_global_is_accepted(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if not address.is_global or address.is_multicast:
        assert judge(address) is not None


def test_an_allowed_network_is_allowed_as_it_is_written() -> None:
    allowed = (ip_network("127.0.0.0/8"),)
    assert judge(ip_address("127.0.0.1"), allowed) is None
    assert judge(ip_address("::1"), allowed) is Refusal.LOOPBACK
    assert judge(ip_address("::ffff:127.0.0.1"), allowed) is Refusal.MAPPED
    assert judge(ip_address("10.0.0.1"), allowed) is Refusal.PRIVATE


@pytest.mark.fault("F01")
@pytest.mark.parametrize(("spelled", "meant"), SPELLINGS.items())
def test_odd_spellings_are_read_as_the_resolver_reads_them(spelled: str, meant: str) -> None:
    assert literal(spelled) == ip_address(meant)


@pytest.mark.parametrize(
    "host",
    ["1.2.3.4.5", "256.1.1.1", "1.2.3.256", "1..1", "4294967296", "08.0.0.1", "0xg.1.1.0x", "", ".", "[::1", "::g",
     "[fe80::1%25eth0]", "%31%32%37.0.0.1", "1.1.1." + "9" * 50],
)  # fmt: skip
def test_a_number_that_is_no_address_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        check_host(host)
    assert refused.value.reason is Refusal.MALFORMED or host == "[::1"


@pytest.mark.parametrize("host", ["example.com", "a.1b", "1.2.3.4.example", "0x7f.1.x", "xn--bcher-kva.example"])
def test_names_are_left_to_the_resolver(host: str) -> None:
    assert check_host(host) is None


@pytest.mark.fault("F01")
@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("localhost", Refusal.LOOPBACK),
        ("LOCALHOST.", Refusal.LOOPBACK),
        ("a.localhost", Refusal.LOOPBACK),
        ("rooms.azurewebsites.net", Refusal.OWN),
        ("Rooms.AzureWebsites.net.", Refusal.OWN),
        ("rooms.scm.azurewebsites.net", Refusal.OWN),
        ("mail.example.org", Refusal.OWN),
    ],
)
def test_the_machine_and_the_deployment_itself_are_refused(host: str, reason: Refusal) -> None:
    with pytest.raises(AddressRefused) as refused:
        check_host(host, own_hosts=("rooms.azurewebsites.net", "mail.example.org"))
    assert refused.value.reason is reason


def test_localhost_is_allowed_with_loopback() -> None:
    assert check_host("localhost", allowed=(ip_network("127.0.0.0/8"),)) is None


@pytest.mark.fault("F01")
def test_the_answer_is_the_same_for_every_reason() -> None:
    assert len({str(AddressRefused(reason)) for reason in Refusal}) == 1
