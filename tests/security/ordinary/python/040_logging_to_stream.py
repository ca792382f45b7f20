# logging with a format of its own, on standard output.
import logging
import sys

logging.basicConfig(stream=sys.stdout, format="%(levelname)s:%(name)s:%(message)s", level=logging.INFO)
log = logging.getLogger("app")
log.debug("hidden")
log.info("started %s", "now")
try:
    1 / 0
except ZeroDivisionError:
    log.error("failed: %s", sys.exc_info()[0].__name__)
