"""Reading settings from the environment, in fresh interpreters."""

from __future__ import annotations

import json
import os
import string
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from webapp import env

ROOT = Path(__file__).parents[2]
SECRET = "x" * 40
OTLP = "OTEL_EXPORTER_OTLP_ENDPOINT"


def started(tmp_path, code: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), **variables}
    environment["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
    code = code or "from django.conf import settings; print(settings.DEBUG)"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"DEBUG": "perhaps"}, "DEBUG='perhaps' is not understood. Set it to one of 1, yes"),
        ({"DEBUG": "no"}, "SECRET_KEY=(default) is refused"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY=(too short) is refused"),
        ({"SECRET_KEY": SECRET}, "ALLOWED_HOSTS='' is refused"),
        ({"SECRET_KEY": ""}, "SECRET_KEY=(empty) is refused. Set it to at least 32 random"),
        ({"SECRET_KEY": "", "DATABASE_URL": "postgres://h/n"}, "SECRET_KEY=(empty) is refused"),
        ({"ALLOWED_HOSTS": "a.org"}, "SECRET_KEY=(missing, with ALLOWED_HOSTS set) is refused"),
        ({"VAR_DIR": "/proc/none"}, "VAR_DIR='/proc/none' is not understood. Set it to a folder"),
        ({"SCRIPT_NAME": "layouts"}, "SCRIPT_NAME='layouts' is not understood. Set it to a path"),
        ({"SCRIPT_NAME": "/a/"}, "SCRIPT_NAME='/a/' is not understood"),
        ({"DATABASE_URL": "mysql://x/y"}, "DATABASE_URL='mysql://x/y' is not understood"),
        ({"DATABASE_URL": "postgres://x"}, "ends with the name of the database"),
        ({"REDIS_URL": "127.0.0.1"}, "REDIS_URL='127.0.0.1' is not understood"),
        (
            {"ALLOWED_HOSTS": "https://a.org", "DEBUG": "yes"},
            "ALLOWED_HOSTS='https://a.org' is not",
        ),
        ({"ALLOWED_HOSTS": "a.org:8000", "DEBUG": "yes"}, "without scheme and port"),
        ({"ARTEFACTS_DIR": "/proc/none"}, "ARTEFACTS_DIR='/proc/none' is not understood"),
        ({"DATABASE_URL": "mysql://u:pw@x/y"}, "DATABASE_URL='mysql://u:…@x/y' is not"),
        ({"DATABASE_URL": "postgres://u:pw@h:99999/y"}, "='postgres://u:…@h:99999/y' is not"),
        ({"DATABASE_URL": "postgres://u:p[w@h/y"}, "='postgres://u:…@h/y' is not"),
        ({"DATABASE_URL": "postgres://u:p/w@h/y"}, "='postgres://u:…@h/y' is not"),
        ({"DATABASE_URL": "postgres://u:pw@h"}, "='postgres://u:…@h' is not"),
        ({"DATABASE_URL": "postgres://h/y?sslmod=require"}, "options but sslmode, sslrootcert"),
        ({"DATABASE_URL": "postgres://h/y?sslmode=yes"}, "sslmode is one of disable, allow"),
        ({"DATABASE_URL": "sqlite:////tmp/x?timeout=1"}, "a URL without options but none"),
        ({"REDIS_URL": "redis://:pw@h:6379/cache"}, "='redis://:…@h:6379/cache' is not"),
        ({"REDIS_URL": "redis://h:port/0"}, "REDIS_URL='redis://h:port/0' is not understood"),
        ({"BROKER_URL": "redis://h/queue"}, "BROKER_URL='redis://h/queue' is not understood"),
        ({"BROKER_URL": "amqp://me:pw@h:99999//"}, "BROKER_URL='amqp://me:…@h:99999//' is not"),
        ({"BROKER_URL": "ftp://x"}, "BROKER_URL='ftp://x' is not understood"),
        ({"UIENGINE_BUDGET": "-1"}, "a whole number from 1 to 10000"),
        ({"EMAIL_URL": "imap://x"}, "EMAIL_URL='imap://x' is not understood"),
        ({"EMAIL_URL": "smtp://:pw@/"}, "EMAIL_URL='smtp://:…@/' is not understood"),
        ({"EMAIL_URL": "smtp://me:pw@host:99999"}, "port is a number up to 65535"),
        ({"EMAIL_URL": "file://"}, "file:/// and the path of a folder"),
        ({"AUDIT_EMAILS": "a@b.org, nobody"}, "AUDIT_EMAILS='nobody' is not understood"),
        ({"CORS_ALLOWED_ORIGINS": "https://a.org/x"}, "origins such as https://shop.example"),
        ({"CORS_ALLOWED_ORIGINS": "https://*.a.org"}, "'https://*.a.org' is not understood"),
        ({"METRICS_KEY": "short"}, "METRICS_KEY=(too short) is refused"),
        ({OTLP: "localhost:4318"}, f"{OTLP}='localhost:4318' is not understood"),
        ({OTLP: "http://h:4318/?key=1"}, "an address such as http://127.0.0.1:4318"),
        ({OTLP: "http://me:pw@h"}, "='h' is not understood"),
        ({OTLP: "http://h:99999"}, "'http://h:99999' is not understood"),
        (
            {OTLP: "http://h", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "one of http/protobuf",
        ),
        ({OTLP: "http://h", "OTEL_TRACES_SAMPLER": "some"}, "one of parentbased_always_on"),
        ({OTLP: "http://h", "OTEL_TRACES_SAMPLER_ARG": "5"}, "a share from 0 to 1"),
        ({"OTEL_TRACES_SAMPLER": "some"}, "OTEL_TRACES_SAMPLER='some' is not understood"),
        ({"OTEL_TRACES_SAMPLER_ARG": "5"}, "OTEL_TRACES_SAMPLER_ARG='5' is not understood"),
        ({"LOG_FORMAT": "xml"}, "one of line, json"),
        ({"LOG_LEVEL": "LOUD"}, "one of DEBUG, INFO, WARNING, ERROR"),
    ],
)
def test_a_wrong_value_is_refused_by_name(tmp_path, variables, message):
    done = started(tmp_path, **variables)

    assert done.returncode == 1
    assert message in done.stderr.splitlines()[-1]


def test_nothing_set_is_development_and_a_secret_is_production(tmp_path):
    assert started(tmp_path).stdout == "True\n"
    assert started(tmp_path, SECRET_KEY=SECRET, ALLOWED_HOSTS="a.org").stdout == "False\n"


def test_hosts_without_a_key_start_where_development_is_asked_for(tmp_path):
    assert started(tmp_path, ALLOWED_HOSTS="10.0.0.5", DEBUG="yes").stdout == "True\n"


@pytest.mark.parametrize("demo", ["", "no"])
def test_without_the_demo_the_start_page_is_the_admins(tmp_path, demo):
    code = (
        "import django; django.setup()\n"
        "from django.test import Client\n"
        "answer = Client().get('/', secure=True, headers={'host': 'a.org'})\n"
        "print((answer.status_code, answer.headers.get('Location')))"
    )
    done = started(tmp_path, code, SECRET_KEY=SECRET, ALLOWED_HOSTS="a.org", DEMO=demo)

    assert done.stdout == "(302, '/admin/')\n", done.stderr


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY=(missing) is refused. Set it to at least 32"),
        ({"WEB_PROCESSES": "two"}, "WEB_PROCESSES='two' is not understood. Set it to a whole"),
        ({"WEB_THREADS": "0"}, "WEB_THREADS='0' is not understood"),
        ({"BIND": "127.0.0.1"}, "BIND='127.0.0.1' is not understood. Set it to an address with"),
        ({"BIND": "h:99999"}, "BIND='h:99999' is not understood"),
        ({"PROMETHEUS_MULTIPROC_DIR": "/proc/none"}, "PROMETHEUS_MULTIPROC_DIR='/proc/none' is"),
    ],
)
def test_gunicorn_refuses_a_wrong_value_by_name(tmp_path, variables, message):
    """It fails with one line, before it listens."""
    command = [sys.executable, "-m", "gunicorn", "--check-config"]
    command += ["--config", "webapp/deploy/gunicorn.py", "webapp.wsgi:application"]
    known = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "SECRET_KEY": SECRET}
    done = subprocess.run(
        command, cwd=ROOT, env={**known, **variables}, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert done.stderr.startswith(message) and done.stderr.count("\n") == 1


def test_two_servers_of_one_user_share_no_control_socket(tmp_path):
    command = [sys.executable, "-m", "gunicorn", "--print-config"]
    command += ["--config", "webapp/deploy/gunicorn.py", "webapp.wsgi:application"]
    known = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "SECRET_KEY": SECRET}
    done = subprocess.run(
        command, cwd=ROOT, env={**known, "ALLOWED_HOSTS": "a.org"}, capture_output=True, text=True
    )

    assert "control_socket_disable = True" in " ".join(done.stdout.split())


def test_production_passes_the_deployment_check(tmp_path):
    code = (
        "import warnings; warnings.simplefilter('error')\n"
        "from django.core.management import execute_from_command_line as run\n"
        "run(['manage.py', 'check', '--deploy', '--fail-level', 'WARNING'])"
    )
    secret = string.ascii_letters + string.digits
    done = started(
        tmp_path, code, SECRET_KEY=secret, ALLOWED_HOSTS="a.org", REDIS_URL="redis://localhost"
    )

    assert done.returncode == 0, done.stderr


def test_a_command_refuses_a_wrong_value_in_one_line(tmp_path):
    known = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "SECRET_KEY": SECRET}
    command = [sys.executable, "manage.py", "check"]
    done = subprocess.run(command, cwd=ROOT, env=known, capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stderr.startswith("ALLOWED_HOSTS='' is refused") and done.stderr.count("\n") == 1


def test_a_storage_that_is_not_there_is_named_by_the_checks(tmp_path):
    code = "from django.core.management import execute_from_command_line as run\nrun(['', 'check'])"
    done = started(tmp_path, code, ARTEFACTS_STORAGE="no.such.Storage")

    assert done.returncode == 1
    assert "(layouts.E005) The storage of codebook versions cannot be made" in done.stderr
    assert "Correct ARTEFACTS_STORAGE" in done.stderr


def test_a_postgresql_connection_may_ask_for_tls(monkeypatch, tmp_path):
    monkeypatch.setenv(
        "DATABASE_URL", "postgres://db/pages?sslmode=verify-full&sslrootcert=/ca.pem"
    )

    options = env.database("DATABASE_URL", tmp_path)["OPTIONS"]

    assert (options["sslmode"], options["sslrootcert"]) == ("verify-full", "/ca.pem")


def test_a_postgresql_address_is_taken_apart(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgres://anna:p%40ss@db:5433/pages")

    found = env.database("DATABASE_URL", tmp_path)

    assert found["ENGINE"] == "webapp.postgres"
    assert [found[k] for k in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "anna",
        "p@ss",
        "db",
        "5433",
        "pages",
    ]


def test_a_list_is_split_at_commas_and_spaces(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "a.org, b.org c.org")
    assert env.words("ALLOWED_HOSTS") == ["a.org", "b.org", "c.org"]


def test_numbers_outside_their_range_are_refused(monkeypatch):
    monkeypatch.setenv("HSTS_SECONDS", "99")
    assert env.integer("HSTS_SECONDS", 0, low=0, high=99) == 99
    with pytest.raises(ImproperlyConfigured, match="from 0 to 98"):
        env.integer("HSTS_SECONDS", 0, low=0, high=98)


@pytest.mark.parametrize(
    ("given", "found"), [("", None), ("measured", None), ("0.05", 0.05), ("0", 0.0), ("2", 2.0)]
)
def test_a_limit_is_a_number_or_measured_alone(monkeypatch, given, found):
    monkeypatch.setenv("UIENGINE_GATE_CHURN", given)
    assert env.limit("UIENGINE_GATE_CHURN", None) == found


@pytest.mark.parametrize("given", ["none", "-1", "5 %", "1e-3", "inf", "nan", "100"])
def test_what_is_no_limit_is_refused(monkeypatch, given):
    monkeypatch.setenv("UIENGINE_GATE_CHURN", given)
    with pytest.raises(ImproperlyConfigured, match=r"Set it to `measured`, or a number from 0 to"):
        env.limit("UIENGINE_GATE_CHURN", None)


BELOW = """
import json, re, django
django.setup()
from django.conf import settings
from django.test import Client
from django.urls import reverse
client = Client(headers={"Host": "a.org"})
paths = ("/layouts/health/live", "/layouts/metrics", "/layouts/api/health")
exempt = [any(re.search(e, p[1:]) for e in settings.SECURE_REDIRECT_EXEMPT) for p in paths]
icon = client.get("/favicon.ico", secure=True)["Location"]
print(json.dumps([reverse("uiengine_layouts:layout"), settings.STATIC_URL, icon, exempt]))
"""


def test_below_a_path_addresses_files_and_probes_are_there(tmp_path):
    below = {"SCRIPT_NAME": "/layouts", "SECRET_KEY": SECRET, "ALLOWED_HOSTS": "a.org"}
    done = started(tmp_path, BELOW, **below)

    assert done.returncode == 0, done.stderr
    layout, static, icon, exempt = json.loads(done.stdout)
    assert (layout, static) == ("/layouts/api/layout", "/layouts/static/")
    assert icon == "/layouts/static/uiengine/favicon.svg"
    assert exempt == [True, True, False]
