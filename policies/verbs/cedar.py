"""`export-cedar`: the rules in the Cedar language (`policies.cedar.export`)."""

import json
from argparse import Namespace

from policies.cedar.export import export_cedar, time_zones
from policies.cedar.schema import export_entities, export_schema
from policies.verbs.console import Console
from policies.verbs.outcome import YES
from policies.verbs.sources import read_town, the_access_point


def export_documents(options: Namespace, console: Console) -> int:
    """`export-cedar FILE…`: for a file, in UTF-8; with `--json` as one object."""
    town = read_town(options)
    point = None
    if options.access_point is not None:
        point = the_access_point(town.places, options.access_point, options.places).number
    if options.schema:
        name, said = "schema", export_schema(town.policies)
    elif options.entities:
        name, said = "entities", export_entities(town.places)
    else:
        name, said = "policies", export_cedar(town.policies, point)
    if console.is_json:
        zones = time_zones(town.policies)
        console.tell({name: json.loads(said) if options.entities else said, "time_zones": zones})
    else:
        console.raw(said if said.endswith("\n") else f"{said}\n")
    return YES
