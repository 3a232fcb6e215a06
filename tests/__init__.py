"""The suite trains in its own process, so it prepares it as the site's trainers do."""

import os

from models_zoo.process import prepare_process

# Several processes of the suite share the cores: threads of torch that wait for each other should sleep, not spin.
os.environ.setdefault("GOMP_SPINCOUNT", "0")
prepare_process()
