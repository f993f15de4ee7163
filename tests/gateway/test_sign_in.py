"""Sign-in: the CRM's own token or a machine's, each with its role; everybody else hears what to do."""

from datetime import timedelta

import httpx
import jwt
import pytest
from starlette.testclient import TestClient

from core.people import People
from core.store import service_tokens
from core.store.tables import users
from core.vocabulary import Role
from gateway.app import create_app
from gateway.rates import RateLimits
from sandbox.crm import StandInCrm
from sandbox.crm_world import make_world
from tests.gateway.conftest import SECRETS, access_token, signed_in

LIST = "/api/v1/messages"
NEW = {"contact_id": "c1", "reason": "asked us by phone"}
KEY = SECRETS["jwt_secret"]


def _tampered():
    head, body, signature = access_token("tek").split(".")
    other = access_token("ada").split(".")[1]
    assert other != body
    return f"{head}.{other}.{signature}"


FORGED = {
    "none at all": "",
    "nonsense": "nonsense",
    "expired": access_token(exp=1),
    "a refresh token": access_token(token_type="refresh"),
    "no signature": jwt.encode({"token_type": "access", "exp": 4102444800, "user_id": "ada"}, "", "none"),
    "another algorithm": jwt.encode({"token_type": "access", "exp": 4102444800, "user_id": "ada"}, KEY * 2, "HS512"),
    "another key": jwt.encode({"token_type": "access", "exp": 4102444800, "user_id": "ada"}, "x" * 40, "HS256"),
    "a changed claim": _tampered(),
    "without an end": jwt.encode({"token_type": "access", "user_id": "ada"}, KEY, "HS256"),
    "nobody the CRM knows": access_token("gone"),
    "a machine's, made up": "bma_0123_secret",
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_who_is_not_signed_in_hears_so_and_nothing_else(client, sent, capfd, token):
    answer = client.get(LIST, headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:bma:problem:not-signed-in"
    assert answer.headers["www-authenticate"] == "Bearer"
    said = answer.text + "".join(capfd.readouterr())
    assert "@" not in said
    assert not token or token not in said


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_no_operation_of_the_api_takes_a_forged_token(sqlite_store, settings, now, crm, log_as_a_gateway, token):
    logged = log_as_a_gateway()
    many = RateLimits(strangers=10**6)
    app = create_app(settings, engine=sqlite_store, clock=lambda: now, crm=httpx.MockTransport(crm), limits=many)
    with TestClient(app) as client:
        paths = client.get("/openapi.json").json()["paths"]
        answers = {
            (method, path): client.request(
                method, path, headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "12345678"}
            )
            for path, methods in paths.items()
            for method in methods
        }
    said = "".join(each.text for each in answers.values()) + logged()

    assert {key: each.status_code for key, each in answers.items()} == dict.fromkeys(answers, 401)
    assert len(answers) > 15
    assert not token or token not in said
    assert "@" not in said


@pytest.mark.parametrize(
    ("user_id", "reads", "exports", "changes"),
    [
        ("ada", 200, 503, 201),
        ("nok", 200, 503, 201),
        ("fin", 200, 503, 403),
        ("tek", 200, 403, 403),
        ("new", 200, 403, 403),
    ],
)
def test_the_crm_s_role_decides_what_a_person_may_do(client, user_id, reads, exports, changes):
    who = signed_in(user_id)

    assert client.get(LIST, headers=who).status_code == reads
    assert client.get("/api/v1/exports/companies", headers=who).status_code == exports  # 503: nothing is published
    assert client.post("/api/v1/suppressions", json=NEW, headers=who).status_code == changes


def test_an_administrator_s_word_goes_before_the_crm_s(client, sqlite_store, now):
    with sqlite_store.begin() as connection:
        connection.execute(
            users.insert().values(user_id="tek", username="tek", role="marketer", created_at=now, updated_at=now)
        )

    assert client.post("/api/v1/suppressions", json=NEW, headers=signed_in("tek")).status_code == 201


def test_the_crm_is_asked_once_in_five_minutes_and_a_known_person_works_on_while_it_is_away(client, crm):
    client.get(LIST, headers=signed_in())
    crm.is_away = True

    assert client.get(LIST, headers=signed_in()).status_code == 200
    assert crm.asked == 1
    stranger = client.get(LIST, headers=signed_in("nok"))
    assert (stranger.status_code, stranger.headers["retry-after"]) == (503, "5")


def test_a_person_whose_token_names_another_is_refused(sqlite_store, settings, now):
    def somebody_else(request):
        return httpx.Response(200, json={"id": "ada", "username": "ada", "role": "Admin"})

    app = create_app(settings, engine=sqlite_store, clock=lambda: now, crm=httpx.MockTransport(somebody_else))
    with TestClient(app) as client:
        assert client.get(LIST, headers=signed_in("nok")).status_code == 401


def test_after_five_minutes_the_crm_is_asked_again(sqlite_store, settings, now, crm):
    moment = [0.0]
    people = People("http://crm", sqlite_store, transport=httpx.MockTransport(crm), monotonic=lambda: moment[0])
    with TestClient(create_app(settings, engine=sqlite_store, clock=lambda: now, people=people)) as client:
        before = client.get(LIST, headers=signed_in("nok")).status_code
        crm.roles.pop("nok")
        moment[0] = 299.0
        within = client.get(LIST, headers=signed_in("nok")).status_code
        moment[0] = 301.0
        after = client.get(LIST, headers=signed_in("nok")).status_code

    assert (before, within, after) == (200, 200, 401)
    assert crm.asked == 2


def test_the_stand_in_crm_s_own_token_is_accepted(sqlite_store, settings, now):
    body = {"username": "ada", "password": "p"}
    standin = StandInCrm(make_world(2, 1, now), now, secret=KEY, **body).app()
    app = create_app(settings, engine=sqlite_store, clock=lambda: now, crm=httpx.ASGITransport(standin))
    with TestClient(standin) as crm, TestClient(app) as gateway:
        tokens = crm.post("/api/v1/auth/login/", json=body).json()

        good, refresh = (
            gateway.get(LIST, headers={"Authorization": f"Bearer {tokens[name]}"}) for name in ("access", "refresh")
        )
    assert (good.status_code, refresh.status_code) == (200, 401)


@pytest.fixture
def machine(sqlite_store, now):
    """A token for a marketer's program: its id and its text."""
    with sqlite_store.begin() as connection:
        return service_tokens.create(connection, name="CRM server", role=Role.MARKETER, now=now)


def test_a_machine_s_token_works_until_it_is_revoked(client, sqlite_store, machine, now):
    token_id, text = machine
    who = {"Authorization": f"Bearer {text}"}

    assert client.post("/api/v1/suppressions", json=NEW, headers=who).status_code == 201
    with sqlite_store.begin() as connection:
        (listed,) = service_tokens.every(connection)
        assert service_tokens.revoke(connection, token_id, now)
    assert listed["last_used_at"] == now
    assert "secret_sha256" not in listed
    assert client.get(LIST, headers=who).status_code == 401


def test_no_token_can_be_read_out_of_the_store(sqlite_store, machine):
    _, text = machine
    with sqlite_store.connect() as connection:
        kept = str(connection.exec_driver_sql("select * from service_tokens").all())

    secret = text.split("_", 2)[2]  # may hold underscores itself
    assert len(secret) > 40
    assert secret not in kept


def test_a_caller_may_ask_so_often_a_minute_counted_over_all_processes(sqlite_store, settings, now, crm):
    few = {"clock": lambda: now, "crm": httpx.MockTransport(crm), "limits": RateLimits(callers=2)}
    one, other = (create_app(settings, engine=sqlite_store, **few) for _ in range(2))
    with TestClient(one) as first, TestClient(other) as second:
        answers = [each.get(LIST, headers=signed_in()) for each in (first, second, first)]
        stranger = first.get(LIST, headers=signed_in("nok"))

    assert answers[0].headers["ratelimit"] == '"minute";r=1;t=60'
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "60"
    assert stranger.status_code == 200


def test_an_address_that_guesses_tokens_is_stopped(sqlite_store, settings, now, crm):
    few = {"clock": lambda: now, "crm": httpx.MockTransport(crm), "limits": RateLimits(strangers=2)}
    with TestClient(create_app(settings, engine=sqlite_store, **few)) as client:
        guesses = [client.get(LIST, headers={"Authorization": "Bearer guess"}) for _ in range(3)]

    assert [each.status_code for each in guesses] == [401, 401, 429]


def test_counts_of_minutes_long_gone_are_forgotten(sqlite_store, now):
    from core.store import request_counts

    with sqlite_store.begin() as connection:
        request_counts.count(connection, "user:ada", now)
        request_counts.count(connection, "user:ada", now + timedelta(minutes=10))
        kept = connection.exec_driver_sql("select count(*) from request_counts").scalar()

    assert kept == 1


def test_without_the_shared_secret_the_api_is_closed(sqlite_store, settings, now):
    from pydantic import SecretStr

    closed = settings.model_copy(update={"jwt_secret": SecretStr("")})
    with TestClient(create_app(closed, engine=sqlite_store, clock=lambda: now)) as client:
        assert client.get(LIST, headers=signed_in()).status_code == 404
