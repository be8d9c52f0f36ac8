"""Certificates of mutual TLS between the nodes of one cluster: pure functions over PEM texts; the time is an argument.

The authority is the membership: whoever has a certificate of it is a node or a driver of this cluster.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ansible_collections.saf.fabric.plugins.plugin_utils import thresholds

AUTHORITY_DAYS = 3650
NODE_DAYS = 365
RENEW_DAYS = thresholds.CERTIFICATE_RENEW
_BACK = datetime.timedelta(days=1)  # clocks of nodes may be behind
_MOST_NAME = 64  # characters of a common name (RFC 5280)


class Pair(NamedTuple):
    """A certificate and its private key as PEM."""

    certificate: str
    key: str


class CertificateError(Exception):
    """A text that is no certificate or no key, or two that do not belong together."""


def authority_name(cluster: str) -> str:
    """Return the common name of the authority of a cluster."""
    return f"saf {cluster}"[:_MOST_NAME]


def make_authority(cluster: str, now: datetime.datetime) -> Pair:
    """Return a new authority for a cluster."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(authority_name(cluster))
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)  # keyCertSign and cRLSign
    builder = (
        _builder(name, name, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _pair(builder.sign(key, hashes.SHA256()), key)


def issue(authority: Pair, node: str, addresses: Iterable[str], now: datetime.datetime) -> Pair:
    """Return a new certificate of a node, for both ends of a connection; addresses: all names and addresses of the node."""
    issuer, signer = _read(authority)
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)  # digitalSignature
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = (
        _builder(_name(node[:_MOST_NAME]), issuer.subject, key, now, NODE_DAYS, not_after=issuer.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(both), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in sorted(names_of(addresses))]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    return _pair(builder.sign(signer, hashes.SHA256()), key)


def names_of(addresses: Iterable[str]) -> set[str]:
    """Return what a certificate names: the addresses in one spelling, without what no certificate can name, and this machine."""
    found = {"127.0.0.1", "::1", "localhost"}
    for address in addresses:
        text = str(address).strip().strip("[]").partition("%")[0]
        try:
            found.add(str(ipaddress.ip_address(text)))
        except ValueError:
            if text and text.isascii():
                found.add(text.lower())
    return found


def names_in(certificate: str) -> set[str]:
    """Return the names and addresses of a certificate."""
    try:
        extension = certificate_of(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    return {str(name.value) for name in extension.value}


def common_name(certificate: str) -> str:
    """Return the common name of a certificate, "" without one."""
    names = certificate_of(certificate).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def days_left(certificate: str, now: datetime.datetime) -> int:
    """Return the whole days until a certificate ends, negative after its end."""
    return (certificate_of(certificate).not_valid_after_utc - now).days


def fingerprint(certificate: str) -> str:
    """Return the first 16 digits of the SHA-256 of a certificate, which every peer sees anyway."""
    return certificate_of(certificate).fingerprint(hashes.SHA256()).hex()[:16]


def why_renew(pair: Pair, authority: str, addresses: Iterable[str], now: datetime.datetime) -> str:
    """Return why a node needs a new certificate, "" where it is good; authority: certificate of the authority."""
    try:
        certificate, _key = _read(pair)
    except CertificateError as error:
        return str(error)
    try:
        certificate.verify_directly_issued_by(certificate_of(authority))
    except Exception:  # InvalidSignature, ValueError or TypeError, by what differs
        return "it is of another authority"
    if names_in(pair.certificate) != names_of(addresses):
        return "the addresses of the node have changed"
    if certificate.not_valid_before_utc > now:
        return "it is not valid yet"
    if days_left(pair.certificate, now) < RENEW_DAYS:
        return f"it ends in {max(days_left(pair.certificate, now), 0)} days"
    return ""


def authority_problem(pair: Pair, cluster: str, now: datetime.datetime) -> str:
    """Return what is wrong with an authority, "" where it can be used."""
    try:
        certificate, _key = _read(pair)
    except CertificateError as error:
        return f"cannot be used: {error}"
    found = common_name(pair.certificate)
    if found != authority_name(cluster):
        return f"is the one of another cluster ({found})"
    if certificate.not_valid_after_utc <= now + datetime.timedelta(days=RENEW_DAYS):
        return f"ends on {certificate.not_valid_after_utc:%Y-%m-%d}"
    return ""


def certificate_of(text: str) -> x509.Certificate:
    """Return a certificate; raises CertificateError."""
    try:
        return x509.load_pem_x509_certificate(text.encode())
    except ValueError:
        raise CertificateError("the certificate is damaged") from None


def _read(pair: Pair) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate = certificate_of(pair.certificate)
    try:
        key = serialization.load_pem_private_key(pair.key.encode(), None)
    except (ValueError, TypeError):
        raise CertificateError("the key is damaged") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise CertificateError("the key is not that of the certificate")
    return certificate, key


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime.datetime,
    days: int,
    not_after: datetime.datetime | None = None,
) -> x509.CertificateBuilder:
    end = now + datetime.timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACK)
        .not_valid_after(min(end, not_after) if not_after else end)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return Pair(certificate.public_bytes(serialization.Encoding.PEM).decode(), private)
