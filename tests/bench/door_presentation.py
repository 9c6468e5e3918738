"""The door's CPU for one presentation over the sum of its primitives.

The floor: one key pair made, two points loaded, two agreements, two signatures verified, called
straight on `cryptography` with keys and signatures as fresh as those of the presentation.
"""

from collections.abc import Callable
from secrets import token_bytes

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lockagent.exchange import answer, judge
from lockagent.protocol.keys import SoftwareKey
from lockagent.protocol.presentation import begin, present, read_door, verify_door
from lockagent.protocol.verification import SeenCredentials, VerifiedPresentation
from tests.bench.measuring import Measure, Samples, fresh
from tests.town import NOW, Town

ROUNDS = 800
_CURVE, _ECDSA, _ECDH = ec.SECP256R1(), ec.ECDSA(hashes.SHA256()), ec.ECDH()


def measure() -> list[Measure]:
    """`door_presentation_over_floor`."""
    town, presentation, floor = Town.ordinary(), Samples(), Samples()
    for _ in range(ROUNDS):
        primitives = _primitives()
        presentation.taken.append(_presentation_ns(fresh(town)))
        floor.time(primitives)
    ratio = presentation.median_us / floor.median_us
    note = f"{presentation.median_us:.0f} µs over {floor.median_us:.0f} µs"
    return [Measure("door_presentation_over_floor", ratio, 1.4, note)]


def _presentation_ns(town: Town) -> int:
    """The door's two turns; the phone's are not counted."""
    door, seen = Samples(), SeenCredentials()
    state, message_1 = begin(town.held, town.request, SoftwareKey.generate())
    waiting, message_2 = door.time(lambda: answer(message_1, town.identity, SoftwareKey.generate()))
    verified = verify_door(read_door(state, message_2), town.identity.certificate, NOW)
    _, message_3 = present(verified, token_bytes)
    judged = door.time(lambda: judge(waiting, message_3, lambda: town.view, seen, 30))
    if not isinstance(judged.verdict, VerifiedPresentation):
        raise RuntimeError(f"expected a presentation that opens, got {judged.verdict.error}")
    return sum(door.taken)


def _primitives() -> Callable[[], None]:
    """The floor, with material of its own."""
    keys = [ec.generate_private_key(_CURVE) for _ in range(4)]
    static, phone, presenter, issuer = keys
    points = [
        key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        for key in (phone, presenter)
    ]
    issuer_key, signed = issuer.public_key(), token_bytes(200)
    signatures = [key.sign(signed, _ECDSA) for key in (presenter, issuer)]

    def work() -> None:
        ephemeral = ec.generate_private_key(_CURVE)
        g_x, presentation_key = (
            ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point) for point in points
        )
        ephemeral.exchange(_ECDH, g_x)
        static.exchange(_ECDH, g_x)
        presentation_key.verify(signatures[0], signed, _ECDSA)
        issuer_key.verify(signatures[1], signed, _ECDSA)

    return work
