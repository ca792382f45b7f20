# Sleeps for a thousand seconds.
import time

time.sleep(1000)
