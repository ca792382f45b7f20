import logging
import sys

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s:%(name)s:%(message)s")
logging.debug("hidden")
logging.info("shown %d", 5)
logging.warning("careful %s", "now")
logger = logging.getLogger("app.module")
logger.setLevel(logging.DEBUG)
logger.debug("debug visible")
try:
    1 / 0
except ZeroDivisionError:
    logger.error("failed", exc_info=False)
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(logging.Formatter("[%(levelname)-8s] %(message)s {%(extra)s}"))
other = logging.getLogger("other")
other.propagate = False
other.addHandler(handler)
other.warning("with extra", extra={"extra": "value"})


class Only(logging.Filter):
    def filter(self, record):
        return "keep" in record.getMessage()


other.addFilter(Only())
other.warning("drop this", extra={"extra": 1})
other.warning("keep this", extra={"extra": 2})
print(logging.getLevelName(30), logger.getEffectiveLevel(), logger.parent.name, logging.getLogger("app.module") is logger)
adapter = logging.LoggerAdapter(logger, {"user": "x"})
adapter.info("adapted")
logger.exception("trace follows") if False else logger.critical("critical")
