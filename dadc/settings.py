"""One settings file. Everything that differs between places is an environment variable.

The README has the table of variables; with none set, the project runs on one machine with SQLite, from the clone.
"""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

FLAG_VALUES = {**dict.fromkeys(("1", "true", "yes", "on"), True), **dict.fromkeys(("0", "false", "no", "off"), False)}


def env_flag(name: str, default: bool = False) -> bool:
    """Unset or empty, it is `default`. Raises ImproperlyConfigured for anything but the words of FLAG_VALUES."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if value.lower() not in FLAG_VALUES:
        raise ImproperlyConfigured(f"{name} is “{value}”. Set it to one of {', '.join(FLAG_VALUES)}.")
    return FLAG_VALUES[value.lower()]


def env_int(name: str, default: int, *, most: int) -> int:
    """Unset or empty, it is `default`. Raises ImproperlyConfigured for anything but a whole number from 1 to `most`."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not (value.isascii() and value.isdecimal() and 1 <= int(value) <= most):
        raise ImproperlyConfigured(f"{name} is “{value}”. Set it to a whole number from 1 to {most}.")
    return int(value)


def env_list(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


# Everything the site writes lies here: database, checkpoints, exports, base data, the generated secret key.
DATA_DIR = Path(os.environ.get("DATA_DIR", BASE_DIR / "var")).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)


def secret_key() -> str:
    """The key from SECRET_KEY, or one made at the first start and stored in DATA_DIR."""
    if key := os.environ.get("SECRET_KEY"):
        return key
    path = DATA_DIR / "secret_key"
    if not path.exists():
        handle, fresh = tempfile.mkstemp(dir=DATA_DIR)  # which only its owner can read
        with open(handle, "w") as file:
            file.write(secrets.token_urlsafe(60))
        # Of two processes that start at once, one gives its key the name, whole, and both read that one.
        with suppress(FileExistsError):
            os.link(fresh, path)
        os.unlink(fresh)
    return path.read_text()


SECRET_KEY = secret_key()
DEBUG = env_flag("DEBUG")
SITE_URL = os.environ.get("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
HTTPS = SITE_URL.startswith("https://")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "django_htmx",
    "django_include_bootstrap",
    "django_prometheus",
    "django_q",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "rest_framework.authtoken",
    "rounds",
    "crowd",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "dadc.urls"
WSGI_APPLICATION = "dadc.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "rounds.web.context.roles",
            ],
        },
    }
]

# --- Database -----------------------------------------------------------------------------------------------------

DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'db.sqlite3'}",
        conn_max_age=60,
        conn_health_checks=True,
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Web processes and workers write at the same time: write transactions take their lock at BEGIN (no upgrade that
    # could fail half way), readers never block (WAL), and a writer waits for its turn instead of giving up.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Cache, queue, files ------------------------------------------------------------------------------------------

REDIS_URL = os.environ.get("REDIS_URL", "")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
    }
    if REDIS_URL
    else {
        # Shared by all processes of one machine, as throttles and the workers' heartbeats need.
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": DATA_DIR / "cache",
        # By default 300, beyond which it drops entries at random: throttles would forget, workers would look dead.
        "OPTIONS": {"MAX_ENTRIES": 2_000},
    }
}

Q_CLUSTER = {
    "name": "dadc",
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}),
    "workers": 2,
    "timeout": 300,
    "retry": 360,
    "max_attempts": 3,
    "save_limit": 200,
    "catch_up": False,
    "poll": 0.5,
    "label": "Jobs",
    "ALT_CLUSTERS": {
        # A training may take hours and is restarted through its own lease, so the queue never repeats it.
        "train": {"workers": 1, "timeout": 86_400, "retry": 86_460, "max_attempts": 1, "queue_limit": 1},
    },
}

# Models, checkpoints and exports: a folder of this machine, or a bucket that several machines share.
S3_BUCKET = os.environ.get("S3_BUCKET", "")
STORAGES = {
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage",
        # boto3 reads the credentials from its own variables, AWS_ACCESS_KEY_ID and so on.
        "OPTIONS": {"bucket_name": S3_BUCKET, "endpoint_url": os.environ.get("S3_ENDPOINT_URL") or None},
    }
    if S3_BUCKET
    else {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "files"},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # empty until collectstatic has run; whitenoise warns of a missing one
STATICFILES_DIRS = [BASE_DIR / "static"]
BASE_DATA_DIR = DATA_DIR / "base_data"

# --- People -------------------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
ACCOUNT_ADAPTER = "rounds.web.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_USERNAME_MIN_LENGTH = 2
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
# What a person who signs up may do at once; the other roles are given by an admin.
SIGNUP_ROLES = env_list("SIGNUP_ROLES", "annotator,validator")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = env_int("EMAIL_PORT", 25, most=65_535)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env_flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 20  # seconds; without it a mail server that never answers would hold a worker for ever
DEFAULT_FROM_EMAIL = SERVER_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "dadc@localhost")

# --- API ----------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 100,
    "EXCEPTION_HANDLER": "rounds.api.problems.problem_handler",
    # Guests are throttled by address: X-Forwarded-For is read behind a proxy only.
    "NUM_PROXIES": int(env_flag("BEHIND_PROXY")),
    "DEFAULT_THROTTLE_RATES": {
        "guest": os.environ.get("THROTTLE_GUEST", "60/min"),
        "person": os.environ.get("THROTTLE_PERSON", "600/min"),
        "login": os.environ.get("THROTTLE_LOGIN", "20/min"),
    },
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "DADC API",
    "DESCRIPTION": "Draw examples that fool a model, validate them blind, close the round, train the next adversary."
    "\n\n"
    "Send an account's token in the header `Authorization: Token …`, or use the site's session with its CSRF token. "
    "Without an account you can draw for practice; the session's cookie says whose drawings they are."
    "\n\n"
    "Every error is `application/problem+json`: `detail` says what is wrong and what to do, `code` is for programs. "
    "Whatever is answered with an error has changed nothing.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "TAGS": [
        {"name": "Accounts", "description": "Who you are and what you may do."},
        {"name": "Tasks and rounds", "description": "What can be drawn, against whom, under which rules."},
        {"name": "Drawing", "description": "For annotators and guests: a prompt, a drawing, a verdict."},
        {"name": "Validation", "description": "For validators: one drawing at a time, blind."},
        {"name": "Moves of a round", "description": "For admins: open, close, train, accept or keep."},
        {"name": "Numbers and data", "description": "Reports for everybody, data sets for researchers."},
    ],
    "ENUM_NAME_OVERRIDES": {
        "RoundStatus": "rounds.models.Round.Status",
        "PromptStatus": "rounds.models.Prompt.Status",
        "RunStatus": "rounds.models.TrainingRun.Status",
        "ExportStatus": "rounds.models.Export.Status",
        "Role": "rounds.roles.ROLES",
    },
}

# --- Language, time -----------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Security -----------------------------------------------------------------------------------------------------

DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024  # a drawing is a few KB, an upload at most 5 MB
FILE_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
if env_flag("BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "style-src": [SELF, "'unsafe-inline'"],  # widths of bars and cells are set in style attributes
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    name: [] for name in ("camera", "microphone", "geolocation", "payment", "usb")
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
    # Refused requests are not logged; the site's own failures are, with a traceback.
    "loggers": {"django.request": {"level": "ERROR"}},
}
