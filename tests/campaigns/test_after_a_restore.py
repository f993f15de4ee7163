"""After a restore nobody remembers what was sent since the backup: what was due then is planned in doubt."""

from datetime import timedelta

from core.store import restores


def _restore(town):
    with town.store.begin() as connection:
        restores.begin_epoch(connection, made_at=town.now - timedelta(days=1), now=town.now)


def _due(town, ends_in, **contact):
    company = town.company()
    person = town.contact(company, **contact)
    town.contract(company, ends_in=ends_in)
    return person


def _statuses(town):
    return {message.contact_id: message.status for message in town.planned()}


def test_what_is_due_at_the_first_run_is_planned_in_doubt_and_what_becomes_due_later_is_not(town):
    due = _due(town, 30)
    later = _due(town, 32)
    _restore(town)
    town.now += timedelta(hours=1)
    town.run("renewal")
    assert _statuses(town) == {due: "in_doubt"}

    town.now += timedelta(days=2)
    town.run("renewal")

    assert _statuses(town) == {due: "in_doubt", later: "planned"}


def test_who_had_to_wait_at_the_first_run_is_in_doubt_when_the_message_is_planned(town):
    far = {"country": "United Arab Emirates"}  # it is too early there
    company = town.company(**far)
    person = town.contact(company)
    town.contract(company, ends_in=30)
    _restore(town)
    first = town.run("renewal")
    assert first.outcomes == {"deferred": 1}

    town.now += timedelta(days=1, hours=4)
    town.run("renewal")

    assert _statuses(town) == {person: "in_doubt"}


def test_a_store_that_was_never_restored_plans_as_ever(town):
    person = _due(town, 30)
    town.run("renewal")

    assert _statuses(town) == {person: "planned"}
