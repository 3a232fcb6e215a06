"""The suite trains in its own process, so it prepares it as the site's trainers do."""

from models_zoo.process import prepare_process

prepare_process()
