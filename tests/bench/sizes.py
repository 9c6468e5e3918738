"""What goes over the air, in bytes: facts of the format, the same in every run."""

from dataclasses import replace

from lockagent.protocol.credential import sign_credential
from lockagent.protocol.errors import CoarseReason
from lockagent.protocol.records import RecordType, Result
from policies.grant import Grant, GrantEntry, GrantFlags, Window
from policies.vocabulary import AccessPointNumber, Instant
from tests.bench.measuring import Measure, fresh
from tests.town import CREDENTIAL_KEY, NOW, REALM, Town, credential

FIXED_GRANT = Grant(
    tuple(
        GrantEntry(
            (AccessPointNumber(point),),
            (Window(Instant(NOW + 3600), Instant(NOW + 65_535)),),
            GrantFlags.OPEN,
        )
        for point in (24, 100, 255)
    )
)
RESULT = Result(True, 5, CoarseReason.NONE, None, (1, 1), False, bytes(16))


def measure() -> list[Measure]:
    """`credential_bytes_3_grants` and `bytes_on_air`."""
    fixed = sign_credential(replace(credential(), grant=FIXED_GRANT), REALM, CREDENTIAL_KEY)
    shown = fresh(Town.ordinary()).presented()
    result = shown.judged().result_sender().seal(RecordType.RESULT, RESULT.encode())
    messages = [len(each) for each in (shown.message_1, shown.message_2, shown.message_3, result)]
    return [
        Measure("credential_bytes_3_grants", len(fixed), 220, "three entries of one window"),
        Measure("bytes_on_air", sum(messages), 510, " + ".join(map(str, messages))),
    ]
