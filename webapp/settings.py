"""Settings; whatever differs between deployments comes from the environment (see `env`).

With nothing set: SQLite, a local-memory cache, Celery over files, all under `var/`, for one
machine. Setting SECRET_KEY means production: DEBUG is then off unless it is set. An empty
SECRET_KEY, or ALLOWED_HOSTS without one, is refused, as that is production that lost its key.
"""

from importlib.util import find_spec
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from webapp import env
from webapp.engine_settings import *  # noqa: F403
from webapp.lib import schedule
from webapp.telemetry.log_settings import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(
    env.text(
        "VAR_DIR",
        str(BASE_DIR / "var"),
        unset="`var/` beside `manage.py`",
        allowed="a folder that this user can make or write",
        help="Holds what runs write: SQLite, artefacts, the embedded broker, static files.",
    )
)
env.folder("VAR_DIR", VAR_DIR)

INSECURE_KEY = "insecure-for-development-only"
SECRET_KEY = (
    env.text(
        "SECRET_KEY",
        unset="one for development alone",
        allowed="at least 32 random characters",
        help="Signs decisions, user tokens and sessions; set, it means production.",
    )
    or INSECURE_KEY
)
SECRET_KEY_FALLBACKS = env.words(
    "SECRET_KEY_FALLBACKS", help="Former keys, whose signatures are still accepted."
)
env.secret_or_debug("SECRET_KEY")
DEBUG = env.boolean(
    "DEBUG",
    default=SECRET_KEY == INSECURE_KEY,
    unset="yes without SECRET_KEY",
    help="Development: traces on error pages, static files from their source folders.",
)
if not DEBUG and (SECRET_KEY == INSECURE_KEY or len(SECRET_KEY) < 32):
    given = "(default)" if SECRET_KEY == INSECURE_KEY else "(too short)"
    raise ImproperlyConfigured(
        f"SECRET_KEY={given} is refused with DEBUG off. Set it to at least 32 random characters."
    )
ALLOWED_HOSTS = env.hosts(
    "ALLOWED_HOSTS",
    ["localhost", "127.0.0.1", "[::1]"] if DEBUG else [],
    unset="this machine with DEBUG; else it must be set",
    help="Host names that the site answers to.",
)
if not DEBUG and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS='' is refused with DEBUG off. List the host names.")
CSRF_TRUSTED_ORIGINS = env.words(
    "CSRF_TRUSTED_ORIGINS", help="Origins whose forms are accepted, such as `https://shop.example`."
)
HTTPS = env.boolean(
    "HTTPS",
    default=not DEBUG,
    unset="yes without DEBUG",
    help="Redirects to https; cookies are sent over https alone.",
)
DEMO = env.boolean(
    "DEMO",
    default=DEBUG,
    unset="yes with DEBUG",
    help="Serves the demo at `/`; off, `/` leads to the admin.",
)

INSTALLED_APPS = [
    "webapp.studio",  # before the admin, whose templates it overrides
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    *(["django_celery_beat"] if find_spec("django_celery_beat") else []),
    "corsheaders",
    "webapp.observability",
    "webapp.surfaces",
    "webapp.subjects",
    "webapp.codebooks",
    "webapp.audits",
    "webapp.trials",
    "webapp.privacy",
    *(["webapp.evidence"] if find_spec("cryptography") else []),
    "webapp.layouts",
    "webapp.demo",
]
MIDDLEWARE = [
    "webapp.telemetry.requests.observed",
    "webapp.layouts.errors.middleware.api_problems",
    "django.middleware.security.SecurityMiddleware",
    "webapp.middleware.page_policy",  # outside all that can refuse, to cover error pages
    "webapp.middleware.probes_answered",  # before the check of the Host
    "corsheaders.middleware.CorsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "webapp.urls"
FORCE_SCRIPT_NAME = env.path_prefix(
    "SCRIPT_NAME",
    unset="the root of the host",
    help="Path below which the site is served; gunicorn reads it too and takes it off itself.",
)
WSGI_APPLICATION = "webapp.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("ar", "العربية")]
LOCALE_PATHS = [BASE_DIR / "webapp" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Storage
DATABASES = {
    "default": env.database(
        "DATABASE_URL",
        VAR_DIR / "db.sqlite3",
        unset="SQLite in VAR_DIR",
        help="The database; PostgreSQL's may end with `?sslmode=…&sslrootcert=PATH`.",
    )
}
# A pooler that changes connections between transactions loses cursors and prepared statements.
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = env.boolean(
    "DATABASE_POOLER",
    default=False,
    help="DATABASE_URL leads to a pooler by transaction, such as PgBouncer.",
)
REDIS_URL = env.url(
    "REDIS_URL",
    "",
    ("redis", "rediss", "unix"),
    unset="a cache per process",
    help="The cache that processes share.",
)
CACHES = {
    "default": {
        "BACKEND": "webapp.lib.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},  # seconds
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 5_000},  # about 20 MB: 5 entries per subject, one is a layout
    }
}
SESSION_ENGINE = "webapp.lib.sessions"
ARTEFACTS_DIR = Path(
    env.text(
        "ARTEFACTS_DIR",
        str(VAR_DIR / "artefacts"),
        unset="`VAR_DIR/artefacts`",
        allowed="a folder that this user can make or write",
        help="Codebook versions; the same folder for all machines.",
    )
)
ARTEFACTS_STORAGE = env.text(
    "ARTEFACTS_STORAGE",
    unset="files in ARTEFACTS_DIR",
    allowed="the import path of a Django storage class",
    help="Keeps codebook versions in another storage, such as S3.",
)
if not ARTEFACTS_STORAGE:
    env.folder("ARTEFACTS_DIR", ARTEFACTS_DIR)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
    "artefacts": {
        "BACKEND": ARTEFACTS_STORAGE or "django.core.files.storage.FileSystemStorage",
        **({} if ARTEFACTS_STORAGE else {"OPTIONS": {"location": ARTEFACTS_DIR}}),
    },
}
MEDIA_ROOT = VAR_DIR / "media"
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
EXAMPLES = BASE_DIR / "webapp" / "examples" / "dist"  # built by `make examples`
STATICFILES_DIRS = [("examples", EXAMPLES)] if EXAMPLES.is_dir() else []
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# Workers
BROKER_DIR = VAR_DIR / "broker"
CELERY_BROKER_URL = env.url(
    "BROKER_URL",
    REDIS_URL or "filesystem://",
    ("filesystem", "redis", "rediss", "amqp", "amqps"),
    unset="REDIS_URL, else files in VAR_DIR",
    help="Carries Celery's messages: Redis or RabbitMQ.",
)
if CELERY_BROKER_URL.startswith("filesystem"):
    for folder in ("queue", "control"):
        (BROKER_DIR / folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "control_folder": str(BROKER_DIR / "control"),
        "polling_interval": 0.1,  # seconds; one task is taken per poll
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False  # the sweep finds work whose message was lost
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")  # Celery's own beat
if schedule.SCHEDULER in INSTALLED_APPS:
    CELERY_BEAT_SCHEDULER = schedule.DATABASE_SCHEDULER
else:
    CELERY_BEAT_SCHEDULE = schedule.beat_schedule(INSTALLED_APPS)
CELERY_BEAT_MAX_LOOP_INTERVAL = 5

# Mail
# MAILERS on Django 6.1 and later, and the settings that it replaces before that.
globals().update(
    env.mail(
        "EMAIL_URL",
        help="The mail server, `smtp://user:password@host:587`; `?starttls=no` for a local relay.",
    )
)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.addresses(
    "EMAIL_FROM", ["layouts@localhost"], help="Sender of mails."
)[0]
UIENGINE_AUDIT_EMAILS = env.addresses(
    "AUDIT_EMAILS",
    help="Told of an audit that *exceeds*, beside the members of the group *auditor*.",
)
UIENGINE_SITE_URL = env.url(
    "SITE_URL", "", ("http", "https"), help="The site's own address, for links in mails."
).rstrip("/")

# Security
SECURE_SSL_REDIRECT = HTTPS
BELOW = f"{FORCE_SCRIPT_NAME or ''}/"[1:]
SECURE_REDIRECT_EXEMPT = [rf"^{BELOW}health/", rf"^{BELOW}metrics$"]  # probes use plain HTTP
SECURE_HSTS_SECONDS = env.integer(
    "HSTS_SECONDS",
    3600 if HTTPS else 0,
    low=0,
    high=63_072_000,
    unset="3600 with HTTPS, else 0",
    help="Seconds for which browsers insist on https.",
)
# Whether HSTS covers subdomains and is preloaded is the operator's decision.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
# Where EMAIL_URL names no server, mails are lines of the worker's log.
SILENCED_SYSTEM_CHECKS += ["mail.E001"]
SECURE_REFERRER_POLICY = "same-origin"
BEHIND_PROXY = env.boolean(
    "BEHIND_PROXY",
    default=False,
    help="A proxy sets X-Forwarded-Proto and X-Forwarded-For, and takes clients' own away.",
)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
REST_FRAMEWORK = {
    "NUM_PROXIES": env.integer(
        "NUM_PROXIES",
        int(BEHIND_PROXY),
        low=0,
        high=10,
        unset="1 with BEHIND_PROXY, else 0",
        help="Proxies that each add to X-Forwarded-For; callers are counted by what the first "
        "of them added.",
    )
}
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
LOGIN_URL = "admin:login"
CSRF_FAILURE_VIEW = "webapp.errors.csrf_failed"
# Pages of other origins may call the API with a user token, never with cookies.
CORS_ALLOWED_ORIGINS = env.origins(
    "CORS_ALLOWED_ORIGINS", help="Sites whose pages use the API with user tokens."
)
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_METHODS = ("GET", "POST", "DELETE", "OPTIONS")
CORS_ALLOW_HEADERS = (
    "authorization",
    "content-type",
    "if-none-match",
    "accept-language",
    "x-request-id",
)
CORS_EXPOSE_HEADERS = ("ETag", "Retry-After", "X-Request-ID")
UIENGINE_METRICS_KEY = env.text(
    "METRICS_KEY",
    unset="`/metrics` for this machine alone",
    allowed="at least 16 characters",
    help="Bearer token that `/metrics` asks for.",
)
if UIENGINE_METRICS_KEY and len(UIENGINE_METRICS_KEY) < 16:
    raise ImproperlyConfigured("METRICS_KEY=(too short) is refused. Set at least 16 characters.")
UIENGINE_OTLP_ENDPOINT = env.collector(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    help="Collector of traces, OTLP over HTTP without `/v1/traces`; empty: nothing is traced.",
)
# OpenTelemetry reads these itself, but only warns of wrong values, and only with a collector.
env.choice(
    "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", ("http/protobuf",), help="How traces are sent."
)
env.choice("OTEL_TRACES_SAMPLER", env.SAMPLERS[0], env.SAMPLERS, help="Which requests are traced.")
env.share("OTEL_TRACES_SAMPLER_ARG", 1.0, help="Share of traces kept by a `traceidratio`.")
env.text("OTEL_SERVICE_NAME", "uiengine", help="Name of this service in traces.")

# The API
SPECTACULAR_SETTINGS = {"ENABLE_DJANGO_DEPLOY_CHECK": False}  # a test checks its warnings

LOG_FORMAT = env.choice(
    "LOG_FORMAT",
    "line" if DEBUG else "json",
    ("line", "json"),
    unset="line with DEBUG, else json",
    help="How log lines are written, gunicorn's own too.",
)
LOG_LEVEL = env.choice(
    "LOG_LEVEL",
    "INFO",
    ("DEBUG", "INFO", "WARNING", "ERROR"),
    help="The least severe lines that are logged.",
)
LOGGING = logging_settings(LOG_FORMAT, LOG_LEVEL)
