"""A submit is what everybody does all the time: at most 8 queries, and one transaction with every write inside."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

MOST_QUERIES = 8
#: A request's transaction is a savepoint of the one around the test.
BEGIN, COMMIT = ("BEGIN", "SAVEPOINT"), ("COMMIT", "RELEASE")


@pytest.fixture
def clients(api, alice, guest):
    browser = APIClient()
    browser.force_login(alice.user)
    return {"token": api(alice), "session": browser, "guest": guest}


@pytest.mark.parametrize("way", ["token", "session", "guest"])
@pytest.mark.parametrize("fooling", [True, False], ids=["fooling", "not fooling"])
def test_a_submit_makes_at_most_8_queries_and_one_commit(clients, open_round, ask, send, pen, way, fooling):
    client = clients[way]
    prompt = ask(client)
    image = pen.digit(prompt["label"], fooling=fooling)
    with CaptureQueriesContext(connection) as captured:
        response = send(client, prompt["id"], image, key="a key")
    assert response.status_code == 201
    statements = [query["sql"] for query in captured.captured_queries]
    queries = [sql for sql in statements if not sql.startswith((*BEGIN, *COMMIT))]
    assert len(queries) <= MOST_QUERIES, "\n".join(queries)

    begin, end = ([place for place, sql in enumerate(statements) if sql.startswith(words)] for words in (BEGIN, COMMIT))
    assert (len(begin), len(end)) == (1, 1)
    outside = [*statements[: begin[0]], *statements[end[0] + 1 :]]
    assert all(sql.startswith("SELECT") for sql in outside), "\n".join(outside)
