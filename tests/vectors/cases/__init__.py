"""The suites, one module each; `SUITES` is what is compiled and run."""

from tests.vectors.case import Suite
from tests.vectors.cases.bundle import BUNDLES
from tests.vectors.cases.credential import CREDENTIALS
from tests.vectors.cases.door import DOOR
from tests.vectors.cases.door_proofs import DOOR_PROOFS
from tests.vectors.cases.door_rights import DOOR_RIGHTS
from tests.vectors.cases.encoding import ENCODINGS
from tests.vectors.cases.envelope import ENVELOPES
from tests.vectors.cases.framing import FRAMING
from tests.vectors.cases.journal import CHAINS
from tests.vectors.cases.message_1 import MESSAGES_1
from tests.vectors.cases.other_objects import ACKS, SETTINGS, TIME_TOKENS
from tests.vectors.cases.padding import PADDINGS
from tests.vectors.cases.phone import PHONES
from tests.vectors.cases.phone_proofs import PHONE_PROOFS
from tests.vectors.cases.reader import READERS
from tests.vectors.cases.records import OPENS, RECORDS, RESULTS
from tests.vectors.cases.root import ROOTS

SUITES: tuple[Suite, ...] = (
    ENCODINGS,
    ENVELOPES,
    CREDENTIALS,
    READERS,
    ROOTS,
    BUNDLES,
    SETTINGS,
    TIME_TOKENS,
    ACKS,
    CHAINS,
    FRAMING,
    OPENS,
    RESULTS,
    RECORDS,
    PADDINGS,
    MESSAGES_1,
    DOOR,
    DOOR_PROOFS,
    DOOR_RIGHTS,
    PHONES,
    PHONE_PROOFS,
)
