"""GitOps for fleets of edge devices.

A plan is a value, computed by pure functions from a manifest and an observed snapshot; everything else in this
package fetches that snapshot, carries the plan out, or shows it.
"""

__version__ = "0.1.0"
