"""The record of moves is a hash chain: any change to a row is detected."""

from __future__ import annotations

import hashlib
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from webapp.codebooks.gate import promotion
from webapp.codebooks.models import Alias, AliasMove
from webapp.codebooks.registry.aliases import alias_move, version_promote, version_rollback
from webapp.codebooks.registry.move_record import chain_check

pytestmark = pytest.mark.django_db


@pytest.fixture
def moves(version, course, innate):
    """Four rows: adopted, anchored, promoted, rolled back."""
    promotion.innate_ship(folder=innate)
    version_promote(surface=course, version=version, why="better", by_name="ada")
    version_rollback(surface=course, why="worse", by_name="bob")
    return list(AliasMove.objects.order_by("pk"))


def test_an_honest_record_is_whole(moves):
    found = chain_check()

    assert (found.rows, found.head, found.problems) == (4, moves[-1].digest, ())


def test_each_row_holds_the_hash_of_the_row_before(moves):
    """Computes SHA-256 by hand over the row's content and the previous hash."""
    previous = "0" * 64
    for move in moves:
        text = {**move.stated, "previous": previous}
        said = json.dumps(text, sort_keys=True, separators=(",", ":")).encode()
        previous = hashlib.sha256(said).hexdigest()
        assert move.digest == previous
    assert moves[2].stated["by"] == "ada" and moves[2].stated["why"] == "better"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"why": "nothing happened"}, "why was changed"),
        ({"by_name": "eve"}, "by was changed"),
        ({"stated": {"by": "eve"}}, "what it states was changed"),
        ({"digest": "f" * 64}, "what it states was changed"),
    ],
)
def test_a_changed_row_is_found(moves, change, says):
    AliasMove.objects.filter(pk=moves[2].pk).update(**change)

    assert any(says in problem for problem in chain_check().problems)


def test_a_row_that_was_taken_out_is_found(moves):
    moves[1].delete()

    assert any("taken out" in problem for problem in chain_check().problems)


def test_rows_taken_off_the_end_are_found(moves):
    head = moves[-1].digest
    moves[-1].delete()

    problems = chain_check(head).problems
    assert any("rows were taken off" in problem for problem in problems)
    assert any("the record says" in problem for problem in problems)


def test_an_alias_moved_past_the_record_is_found(moves, version):
    Alias.objects.filter(name="champion").update(version=version)

    with pytest.raises(CommandError, match="tampered"):
        call_command("verify_record", stdout=StringIO(), stderr=StringIO())


def test_the_record_outlives_its_surface(moves, course):
    course.delete()

    assert chain_check().problems == ()
    assert AliasMove.objects.count() == 4


def test_a_move_that_fails_leaves_no_row(moves, version, course, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("no disk")

    monkeypatch.setattr("webapp.codebooks.registry.aliases._mark", fail)
    with pytest.raises(OSError, match="no disk"):
        alias_move(surface=course, version=version, why="now")

    assert chain_check().rows == 4
    assert Alias.objects.get(name="champion").version.name == "innate"
