"""A host with users, addresses, cookies, a policy and a time of its own."""

from pathlib import Path

import django

BASE_DIR = Path(__file__).parents[1]
SECRET_KEY = "a secret of the host's, long enough for what it signs"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "mysite.urls"
STATIC_URL = "files/"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE_DIR / "db.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 60},
    }
}
INSTALLED_APPS = [
    "mysite.people",
    "uiengine",
    "webapp.studio",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "webapp.surfaces",
    "webapp.subjects",
    "webapp.codebooks",
    "webapp.audits",
    "webapp.trials",
    "webapp.privacy",
    "webapp.layouts",
]
HAS_CSP = django.VERSION >= (6,)
MIDDLEWARE = [
    "webapp.layouts.errors.middleware.api_problems",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware"
    if HAS_CSP
    else "csp.middleware.CSPMiddleware",
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "DIRS": [BASE_DIR / "mysite" / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# People
AUTH_USER_MODEL = "people.Person"
LOGIN_URL = "admin:login"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

# Cookies
SESSION_COOKIE_NAME = "of_the_host"
SESSION_COOKIE_SAMESITE = "Strict"
CSRF_USE_SESSIONS = True
CSRF_COOKIE_HTTPONLY = True
CSRF_HEADER_NAME = "HTTP_X_OF_THE_HOST"

# Time
USE_TZ = False
TIME_ZONE = "Pacific/Auckland"

# Content security policy: Django 6's own, or django-csp's
POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "connect-src": ["'self'"],
    "frame-src": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'self'"],
    "base-uri": ["'none'"],
}
if HAS_CSP:
    from django.utils.csp import CSP as NONCES

    SECURE_CSP = {**POLICY, "style-src": ["'self'", NONCES.NONCE]}
else:
    from csp.constants import NONCE

    CONTENT_SECURITY_POLICY = {"DIRECTIVES": {**POLICY, "style-src": ["'self'", NONCE]}}

# The gate's random people: few, so that a test may wait for it
UIENGINE_GATE_PEOPLE = 300
