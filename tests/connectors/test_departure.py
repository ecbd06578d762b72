"""What a request that failed costs: nothing where none of it can have left, over real sockets."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors import x
from connectors.asking import Ask, Walk
from connectors.spending import Ledger, Purse, Spent
from tests.connectors.conftest import TOKEN, Wire
from tests.connectors.loopback import Meet, meeting

Connect = Callable[..., Wire]

NOW = datetime(2019, 11, 20, 12, tzinfo=UTC)
TODAY = date(2019, 11, 20)
# Longer than a machine that is busy takes for anything.
PATIENCE_S = 30.0
GOES_ON = b"HTTP/1.1 200 Connection established\r\n\r\n"


@dataclass(frozen=True)
class Trusted:
    """A certificate for 127.0.0.1 and api.x.com, as its own authority, in a file."""

    certificate: Path
    context: ssl.SSLContext


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Trusted:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    names = [x509.DNSName("api.x.com"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("trusted")
    certificate, kept = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    kept.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, kept)
    return Trusted(certificate, context)


@contextmanager
def nobody(_meet: Meet) -> Iterator[str]:
    """Host and port at which nobody listens, kept from others."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


def spent_on(connect: Connect, tmp_path: Path, **changes: object) -> tuple[Spent, Wire]:
    """What one page of an account costs that could not be had."""
    with Ledger(tmp_path / "spending.sqlite") as ledger:
        wire = connect(x, attempts=1, as_of=NOW, **{"timeout": PATIENCE_S, **changes})
        walk = Walk("c1", NOW - timedelta(days=9), account_id="1")
        x.collect(Ask("x", (walk,)), wire.session, TOKEN, purse=Purse(ledger, "x", [], lambda: NOW))
        assert wire.kinds() == ["Transient"]
        assert wire.rows == []
        return ledger.spent("x", None, TODAY, TODAY), wire


def hear(taken: socket.socket) -> None:
    assert taken.recv(65536)


def answer_plainly(taken: socket.socket) -> None:
    hear(taken)
    taken.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def say_nothing(taken: socket.socket) -> None:
    # Until the other side has had enough.
    while taken.recv(65536):
        pass


def nothing_reserved(spent: Spent) -> bool:
    return (spent.usd, spent.unsettled_usd) == (Decimal(0), Decimal(0))


@pytest.mark.parametrize(
    ("scheme", "place", "meet", "cause"),
    [
        ("http", nobody, hear, "connection refused"),
        ("https", nobody, hear, "connection refused"),
        ("https", meeting, answer_plainly, "its certificate is not accepted"),
        ("https", meeting, hear, "its certificate is not accepted"),
        ("https", meeting, lambda taken: taken.close(), ""),
        ("https", meeting, say_nothing, "no answer in time"),
    ],
    ids=[
        "nobody",
        "nobody, TLS",
        "plain",
        "ends at the handshake",
        "ends at once",
        "silent at the handshake",
    ],
)
def test_what_never_left_costs_nothing(
    connect: Connect, tmp_path: Path, scheme: str, place: Callable[[Meet], object], meet: Meet, cause: str
) -> None:
    with place(meet) as address:  # type: ignore[attr-defined]
        patience_s = 0.5 if meet is say_nothing else PATIENCE_S
        spent, wire = spent_on(connect, tmp_path, base_url=f"{scheme}://{address}", timeout=patience_s)
    assert nothing_reserved(spent)
    assert cause in wire.session.report.troubles[0][1]


def test_a_certificate_that_is_not_trusted_costs_nothing(
    connect: Connect, tmp_path: Path, trusted: Trusted
) -> None:
    def show_it(taken: socket.socket) -> None:
        with trusted.context.wrap_socket(taken, server_side=True) as shown:
            say_nothing(shown)

    with meeting(show_it) as address:
        spent, wire = spent_on(connect, tmp_path, base_url=f"https://{address}")
    assert nothing_reserved(spent)
    assert "its certificate is not accepted" in wire.session.report.troubles[0][1]


def refuse(taken: socket.socket) -> None:
    hear(taken)
    taken.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")


def tunnel_into_nothing(taken: socket.socket) -> None:
    hear(taken)
    taken.sendall(GOES_ON)


@pytest.mark.parametrize(
    ("place", "meet"),
    [(nobody, hear), (meeting, refuse), (meeting, hear), (meeting, tunnel_into_nothing)],
    ids=["nobody", "refuses", "ends", "its tunnel ends"],
)
def test_a_proxy_that_does_not_let_through_costs_nothing(
    connect: Connect,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: Callable[[Meet], object],
    meet: Meet,
) -> None:
    with place(meet) as address:  # type: ignore[attr-defined]
        monkeypatch.setenv("https_proxy", f"http://{address}")
        spent, _ = spent_on(connect, tmp_path, base_url="https://api.x.com")
    assert nothing_reserved(spent)


def break_off(tls: ssl.SSLSocket) -> None:
    hear(tls)
    # Without the farewell that TLS has.
    tls.shutdown(socket.SHUT_RDWR)


def answer_with_noise(tls: ssl.SSLSocket) -> None:
    hear(tls)
    with socket.socket(fileno=tls.detach()) as bare:
        bare.sendall(b"\x17\x03\x03\x00\x20" + 32 * b"?")
        say_nothing(bare)


@pytest.mark.parametrize("through_proxy", [False, True])
@pytest.mark.parametrize("meet", [break_off, answer_with_noise, say_nothing])
def test_what_left_over_tls_stays_counted_though_the_error_is_of_tls_too(
    connect: Connect,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    trusted: Trusted,
    meet: Callable[[ssl.SSLSocket], object],
    through_proxy: bool,
) -> None:
    def shake_hands(taken: socket.socket) -> None:
        if through_proxy:
            tunnel_into_nothing(taken)
        with trusted.context.wrap_socket(taken, server_side=True) as tls:
            meet(tls)

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted.certificate))
    with meeting(shake_hands) as address:
        monkeypatch.setenv("https_proxy", f"http://{address}")
        url = "https://api.x.com" if through_proxy else f"https://{address}"
        spent, wire = spent_on(connect, tmp_path, base_url=url, timeout=(PATIENCE_S, 0.5))
    assert spent.unsettled_usd == spent.usd > 0
    assert wire.session.report.unsure == 1


@pytest.mark.parametrize("meet", [hear, say_nothing])
def test_what_left_in_the_clear_stays_counted(connect: Connect, tmp_path: Path, meet: Meet) -> None:
    with meeting(meet) as address:
        spent, _ = spent_on(connect, tmp_path, base_url=f"http://{address}", timeout=(PATIENCE_S, 0.5))
    assert spent.unsettled_usd == spent.usd > 0
