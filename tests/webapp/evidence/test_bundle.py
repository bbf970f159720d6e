"""A bundle: what is in it, its seal, and every way in which it may have been changed."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.core.management import CommandError, call_command

from webapp.evidence.bundle import (
    BundleError,
    bundle_read,
    bundle_write,
    fingerprint,
    public_bytes,
    seal_problems,
)
from webapp.evidence.services import site_key

pytestmark = pytest.mark.django_db


def verified(path, **options) -> dict:
    out = io.StringIO()
    call_command("verify_evidence", path, stdout=out, stderr=io.StringIO(), **options)
    return json.loads(out.getvalue().splitlines()[-1])


def problems_of(path, **options) -> str:
    said = io.StringIO()
    with pytest.raises(CommandError):
        call_command("verify_evidence", path, stdout=io.StringIO(), stderr=said, **options)
    return said.getvalue()


def rewritten(path, key: Ed25519PrivateKey | None = None, **changed: bytes | None):
    """Exchanges parts by name, `_` standing for `/` and `.`; signed anew if a key is given."""
    files = bundle_read(path)
    for name, content in changed.items():
        part = next(known for known in files if known.replace("/", "_").replace(".", "_") == name)
        if content is None:
            del files[part]
        else:
            files[part] = content
    if key:
        manifest = json.loads(files.pop("manifest.json"))
        del files["manifest.sig"], manifest["files"], manifest["key"], manifest["format"]
        path.write_bytes(bundle_write(files, manifest, key))
        return path
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_tells_what_was_said_and_passes_its_own_check(bundle, version):
    key = fingerprint(public_bytes(site_key()))
    found = verified(bundle, key=key)
    assert found["is_whole"] and found["key_known"] and found["version"] == version.name
    files = bundle_read(bundle)
    assert json.loads(files["gate.json"])["verdict"] == "passed"
    assert json.loads(files["audit.json"])["slices"][0]["slice"] == {"disability": "Y"}
    assert json.loads(files["version/card.json"]) == version.card
    assert b"Audit" in files["audit.html"] and b"course-home" in files["readme.txt"]


def test_the_seal_is_an_ed25519_signature_that_another_program_can_check(bundle):
    """Reads the ZIP with the standard library alone, as an outsider would."""
    import base64

    with zipfile.ZipFile(bundle) as archive:
        text, sealed = archive.read("manifest.json"), archive.read("manifest.sig")
        manifest = json.loads(text)
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(manifest["key"]))
        public.verify(base64.b64decode(sealed), text)
        for name, said in manifest["files"].items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == said["sha256"]


def test_the_record_is_told_whole_but_other_pages_keep_their_words(bundle):
    rows = json.loads(bundle_read(bundle)["record.json"])
    assert [row.get("stated", {}).get("by") for row in rows] == ["Ada", None]
    assert rows[1]["previous"] == rows[0]["digest"]
    whole = b"".join(bundle_read(bundle).values())
    assert b"not to be told" not in whole and b"another-course" not in whole


def test_holds_no_row_of_a_person(cohort, bundle):
    from webapp.subjects.models import Subject

    whole = b"".join(bundle_read(bundle).values())
    keys = list(Subject.objects.values_list("key", flat=True))
    assert len(keys) > 10 and not any(key.encode() in whole for key in keys)


@pytest.mark.parametrize(
    ("part", "content", "says"),
    [
        ("gate_json", b'{"verdict": "passed"}', "gate.json: was changed"),
        ("audit_html", None, "audit.html: is missing"),
        ("manifest_sig", b"AAAA", "manifest.sig: does not fit"),
    ],
)
def test_names_what_was_changed_after_signing(bundle, part, content, says):
    assert says in problems_of(rewritten(bundle, **{part: content}))


def test_names_a_part_that_was_added(bundle):
    with zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr("praise.txt", "All is well.")
    assert "praise.txt: was added" in problems_of(bundle)


def test_another_key_is_told_by_its_fingerprint_alone(bundle):
    """Whoever changes a bundle can sign it again, with a key of their own."""
    known = fingerprint(public_bytes(site_key()))
    forged = rewritten(bundle, Ed25519PrivateKey.generate(), churn_json=b'{"measured": false}')
    assert verified(forged)["is_whole"]
    assert f"not {known}" in problems_of(forged, key=known)


def changed(part: bytes, change) -> bytes:
    value = json.loads(part)
    change(value)
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("name", "part", "change", "says"),
    [
        (
            "gate.json",
            "gate_json",
            lambda gate: gate["conditions"][0].update(verdict="failed"),
            "says passed, its conditions say failed",
        ),
        (
            "audit.json",
            "audit_json",
            lambda audit: audit["slices"][0].update(verdict="exceeds"),
            "says within, although a slice exceeds",
        ),
        (
            "record.json",
            "record_json",
            lambda rows: rows[0]["stated"].update(why="another reason"),
            "row 1 states something else",
        ),
        ("record.json", "record_json", lambda rows: rows.pop(0), "row 1 does not follow"),
        (
            "version/card.json",
            "version_card_json",
            lambda card: card.update(tokens=9),
            "version/card.json: is not the file",
        ),
        (
            "bom.cdx.json",
            "bom_cdx_json",
            lambda bom: bom["components"][1]["hashes"][0].update(content="0" * 64),
            "bom.cdx.json: names another",
        ),
    ],
)
def test_parts_that_contradict_one_another_are_told_although_signed(
    bundle, name, part, change, says
):
    content = changed(bundle_read(bundle)[name], change)
    assert says in problems_of(rewritten(bundle, site_key(), **{part: content}))


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"no zip", "cannot be read as a ZIP"), (b"", "cannot be read as a ZIP")],
)
def test_refuses_what_is_no_bundle(tmp_path, content, says):
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=says):
        verified(path)


def test_refuses_a_name_that_leads_out_of_the_bundle(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../manifest.json", "{}")
    with pytest.raises(BundleError, match="no bundle has a file named"):
        bundle_read(path)


def test_equal_contents_give_equal_bytes(bundle):
    key = Ed25519PrivateKey.generate()
    one, two = (bundle_write({"a.json": b"1"}, {"version": "v"}, key) for _ in range(2))
    assert one == two
    assert seal_problems(bundle_read(bundle)) == []


def test_refuses_an_unknown_surface_and_a_missing_folder(version, tmp_path):
    with pytest.raises(CommandError, match=r"surface: 'nope' is unknown"):
        call_command("evidence", version.name, surface="nope", out=tmp_path / "x.zip")
    with pytest.raises(CommandError, match=r"does not exist\. Make it first"):
        call_command("evidence", version.name, surface="course-home", out=tmp_path / "no" / "x.zip")
