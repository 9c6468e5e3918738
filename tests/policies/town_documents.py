"""The documents of `policies/examples`, loaded as the programs load them."""

from pathlib import Path

import policies
from policies.documents.document import load_policies
from policies.documents.people_file import parse_people
from policies.documents.place_file import parse_places
from policies.public_holidays import norwegian_holidays

EXAMPLES = Path(policies.__file__).parent / "examples"
DOCUMENTS = tuple(EXAMPLES / f"{n}.yaml" for n in ("torshov", "storgata-7", "haraldrud", "pool"))
PLACES_FILE, PEOPLE_FILE = EXAMPLES / "places.yaml", EXAMPLES / "people.yaml"

PLACES = parse_places(PLACES_FILE.read_text(), PLACES_FILE.name)
PEOPLE = parse_people(PEOPLE_FILE.read_text(), PEOPLE_FILE.name, PLACES)
POLICIES = load_policies(
    {path.name: path.read_text() for path in DOCUMENTS}, PLACES, norwegian_holidays()
)
