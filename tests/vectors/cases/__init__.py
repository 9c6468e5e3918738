"""The suites, one module each; `SUITES` is what is compiled and run."""

from tests.vectors.case import Suite
from tests.vectors.cases.bundle import BUNDLES
from tests.vectors.cases.credential import CREDENTIALS
from tests.vectors.cases.encoding import ENCODINGS
from tests.vectors.cases.envelope import ENVELOPES
from tests.vectors.cases.journal import CHAINS
from tests.vectors.cases.other_objects import ACKS, SETTINGS, TIME_TOKENS
from tests.vectors.cases.reader import READERS
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
)
