"""How gunicorn serves the site: one process, several threads (see wsgi.py); the numbers come from app/settings.py."""

import logging
import os
import sys

from gunicorn.sock import close_sockets

from app.errors import SettingsError
from app.http.addresses import check_start
from app.sentiment import MODEL_THREADS
from app.sentiment.worker import MAX_WAIT_SECONDS
from app.server import inbox
from app.settings import Settings

try:
    settings = Settings.from_env()
except SettingsError as error:
    sys.exit(f"gampyeong: {error}")

# Read once by the libraries they steer: they have to be there before the worker imports torch.
os.environ.setdefault("OMP_NUM_THREADS", str(MODEL_THREADS))
os.environ.setdefault("MKL_NUM_THREADS", str(MODEL_THREADS))

inbox.LARGER["/admin/data/import"] = settings.import_max * 1024 * 1024
bind = f"[{settings.host}]:{settings.port}" if ":" in settings.host else f"{settings.host}:{settings.port}"
workers = 1  # said here because WEB_CONCURRENCY would set another number

# Threads, as measured. About half as many reviews are read together as there are threads (of 32
# clients' 2, 4, 8, 15 with 4, 8, 16, 32 threads), and the more, the less each costs: 4.4 ms of processor with 16
# threads, 3.1 ms with 32. The model gains nothing beyond 32 at once, which 64 threads bring; on one core these would
# only take turns with it. More cores than two change nothing, as these costs say (it was not measured): whatever is
# Python takes one of them, 1 ms a review, and the model another for about as long. So the model computes on one as
# well: with 2, a review took 5 % more processor. (Measured when threads still handed requests to each other and the
# model took twice as long; what each costs is less now, which of them is dearer was not measured again.)
cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
threads = 32 if cores == 1 else 64
worker_class = "app.server.worker.PatientWorker"  # gthread, but a thread waits for no client, and passes nothing about
preload_app = False  # torch loaded before a fork can hang in the child
max_requests = 0  # a new worker would forget the movies
control_socket_disable = True
timeout = 0  # counts the start too, and fetching a model may take minutes; the model's queue bounds a request
graceful_timeout = int(MAX_WAIT_SECONDS) + 5  # let those who wait for the model have their answer
keepalive = 75  # longer than the 60 s after which proxies drop an idle connection; it occupies no thread
limit_request_line = 4_094  # bytes of method and address; a search of 200 characters takes 1,800
limit_request_fields = 64
limit_request_field_size = 8_190
sendfile = False  # the kernel's would wait for a slow reader as long as it reads anything
forwarded_allow_ips = ""  # TRUSTED_PROXIES decides, in the app
accesslog = None
loglevel = "warning"
if os.access("/dev/shm", os.W_OK):  # noqa: S108 - not a file of ours: the heartbeat's, which a slow disk would delay
    worker_tmp_dir = "/dev/shm"  # noqa: S108


def on_starting(server):
    """A start that cannot go on has said why in one line; gunicorn's three lines after it would bury that."""
    said = {"Worker (pid:%s) exited with code %s.", "Shutting down: %s", "Reason: %s"}
    logging.getLogger("gunicorn.error").addFilter(lambda record: record.msg not in said)


def when_ready(server):
    """The sockets are open and nothing is served yet: the last moment to say that they let too many in."""
    names = [listener.sock.getsockname() for listener in server.LISTENERS]
    try:
        check_start(settings, [name[0] if isinstance(name, tuple) else str(name) for name in names])
    except SettingsError as error:
        close_sockets(server.LISTENERS)
        sys.exit(f"gampyeong: {error}")


def post_worker_init(worker):
    """Called when the model is loaded and the first request would be answered."""
    print("gampyeong:", *worker.sockets, flush=True)
