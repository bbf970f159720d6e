"""Every address shown leads there: behind a real nginx, at a sub-path and below a language."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape

import pytest

from tests.patience import PATIENCE
from tests.webapp.behind_nginx import Front, front

PAGES = ("docs", "snippets", "errors")


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with front(tmp_path_factory.mktemp("mounted")) as found:
        yield found


@pytest.fixture(params=["/forced", "/server"])
def script_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["en", "de"])
def prefix(script_name: str, request: pytest.FixtureRequest) -> str:
    return f"{script_name}/{request.param}/ui/"


def _is_there(nginx: Front, address: str) -> None:
    """Asserts that a page, a file or a view of the API is there: none needs more to say so."""
    status, headers, _ = nginx.ask(address)
    is_refused = headers["Content-Type"] == "application/problem+json" and status != 404
    assert status == 200 or is_refused, (status, address)


def event(kind: str, **more: object) -> dict[str, object]:
    at = datetime.now(UTC).isoformat()
    return {"id": f"{kind}-{time.time_ns()}", "at": at, "type": kind, "block": "forum", **more}


def test_the_links_of_a_layout_take_what_is_sent_there(nginx: Front, prefix: str) -> None:
    status, _, text = nginx.ask(f"{prefix}layout?surface=home", **nginx.as_ann)
    layout = json.loads(text)
    assert status == 200
    assert set(layout["links"].values()) == {f"{prefix}events", f"{prefix}feedback"}

    headers = {**nginx.as_ann, "Content_Type": "application/json"}
    sent = {"decision": layout["decision"], "events": [event("use")]}
    links = layout["links"]
    status, _, text = nginx.ask(links["events"], method="POST", body=json.dumps(sent), **headers)
    assert (status, json.loads(text)["accepted"]) == (202, 1)
    wish = {"decision": layout["decision"], **event("pin", rank=0)}
    status, _, text = nginx.ask(links["pin"], method="POST", body=json.dumps(wish), **headers)
    assert (status, json.loads(text)["links"]) == (200, links)


def test_every_address_on_a_page_exists(nginx: Front, prefix: str) -> None:
    home = prefix.removesuffix("ui/")
    for address in (home, *(f"{prefix}{page}" for page in PAGES)):
        status, _, content = nginx.ask(address)
        html = content.decode()
        text = unescape(html)
        assert status == 200 and "/api/" not in text
        linked = re.findall(r'(?:href|src|action|data-schema)="(?!#)([^"]+)"', html)
        named = re.findall(rf"{re.escape(prefix)}[a-z]+(?:[-/][a-z]+)*", text)
        statics = re.findall(r"/[\w/]*static/[\w./-]+\w", text)
        assert linked and statics and (named or address == home)
        for found in {*linked, *named, *statics}:
            there = found if found.startswith("/") else f"{address.rpartition('/')[0]}/{found}"
            _is_there(nginx, there)


def test_the_element_has_the_address_of_the_api(nginx: Front, prefix: str) -> None:
    page = nginx.ask(prefix.removesuffix("ui/"))[2].decode()
    assert f'<adaptive-layout surface="home" api="{prefix}"' in page


def test_an_error_leads_to_its_entry_and_to_addresses_that_exist(nginx: Front, prefix: str) -> None:
    seen = [nginx.ask(f"{prefix}{path}") for path in ("nowhere", "me", "layout", "events")]
    assert [status for status, *_ in seen] == [404, 403, 400, 405]
    for _, headers, content in seen:
        assert headers["Content-Type"] == "application/problem+json"
        body = json.loads(content)
        where, _, fragment = body["type"].partition("#")
        assert where == f"{prefix}errors"
        assert f'<section id="{fragment}"' in nginx.ask(where)[2].decode()
        said = " ".join(str(value) for value in body.values())
        assert "/api/" not in said
    assert f"{prefix}schema" in json.loads(seen[0][2])["next_step"]


def test_the_openapi_document_has_addresses_that_exist(nginx: Front, prefix: str) -> None:
    status, _, content = nginx.ask(f"{prefix}schema")
    paths = json.loads(content)["paths"]
    assert status == 200 and len(paths) > 4 and b"/api/" not in content
    for path in paths:
        if "{" not in path:
            _is_there(nginx, path)


def test_the_curl_snippet_runs_as_it_is_shown(nginx: Front, prefix: str, tmp_path) -> None:
    page = nginx.ask(f"{prefix}snippets")[2].decode()
    shown = unescape(page.split('aria-label="curl"><code>')[1].split("</code>")[0])
    site = {"SITE": f"http://127.0.0.1:{nginx.port}", "TOKEN": nginx.token}
    done = subprocess.run(
        ["bash", "-euc", shown.replace("course-home", "home")],
        cwd=tmp_path,
        env={**site, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    once, again = ({"accepted": 1 - i, "duplicate": i, "ignored": 0} for i in (0, 1))
    counted = "".join(json.dumps(found, separators=(",", ":")) for found in (once, again))
    assert done.stdout == f"304\n{counted}200\n"


def test_an_etag_that_nginx_weakened_is_known(nginx: Front, script_name: str) -> None:
    address = f"{script_name}/en/ui/layout?surface=home"
    _, first, _ = nginx.ask(address, Accept_Encoding="gzip", **nginx.as_ann)
    assert first["Content-Encoding"] == "gzip" and first["ETag"].startswith("W/")

    again = nginx.ask(address, Accept_Encoding="gzip", If_None_Match=first["ETag"], **nginx.as_ann)

    assert (again[0], again[2]) == (304, b"")


def test_a_probe_is_answered_whatever_the_host_is_called(nginx: Front, script_name: str) -> None:
    for probe in ("live", "ready"):
        assert nginx.ask(f"{script_name}/ops/health/{probe}", Host="10.0.0.9")[0] == 200
    assert nginx.ask(f"{script_name}/en/", Host="10.0.0.9")[0] == 400


def test_behind_a_cdn_and_a_proxy_each_visitor_has_a_count(nginx: Front, script_name: str) -> None:
    address = f"{script_name}/en/ui/layout?surface=home"

    def failed(source: str, times: int) -> bool:
        answers = [nginx.ask(address, at=nginx.cdn, source=source) for _ in range(times)]
        return any(json.loads(text)["status"] == "fallback" for _, _, text in answers)

    assert failed("127.0.0.2", 64)  # in one of two minutes, more than 30
    assert not failed("127.0.0.3", 5)
