# A policy on plans, for conftest: reconciler plan --out plan.json && conftest test plan.json --policy DIRECTORY
# What the manifests cannot say: who must be asked. Limits, windows and quarantines belong in the manifests.
package main

import rego.v1

# No plan of which something is unknown.
deny contains "something could not be read: plan again" if not input.complete

# A broken limit, one message each fleet.
deny contains message if {
	some fleet in input.fleets
	count(object.get(fleet, "violations", [])) > 0
	message := sprintf("%s: a limit is violated", [fleet.fleet])
}

# Nothing is removed by a pipeline; `reconciler apply --plan plan.json` by hand.
deny contains message if {
	some fleet in input.fleets
	removals := [change | some change in fleet.changes; change.verb == "remove"]
	count(removals) > 0
	message := sprintf("%s: %d removals need a person", [fleet.fleet, count(removals)])
}

# A Connection that differs from the base's is a change of where credentials go.
deny contains message if {
	some connection in object.get(input, "connections", [])
	message := sprintf("connection %s: %s", [connection.connection, connection.edit])
}

# Held changes are worth a look.
warn contains message if {
	some fleet in input.fleets
	count(fleet.held) > 0
	message := sprintf("%s: %d changes are held", [fleet.fleet, count(fleet.held)])
}
