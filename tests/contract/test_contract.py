"""The suite that plug-in authors run as well, over our platforms."""

from reconciler.testing.contract import *
