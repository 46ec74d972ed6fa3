"""The whole suite, to be imported with `*` where a fixture `subject` is known."""

from reconciler.testing.applying import *
from reconciler.testing.cataloguing import *
from reconciler.testing.compiling import *
from reconciler.testing.executing import *
from reconciler.testing.observing import *
from reconciler.testing.plugging import *
