"""Requests to a server that misbehaves: retries, connections and the log."""

import pytest

from crowd.call_log import CallLog
from crowd.transport import RETRY_DELAYS, Site, SiteUnreachable


@pytest.fixture
def site(server, waits):
    return Site(server.url, sleep=waits.append)


def test_a_throttled_request_is_repeated_after_the_time_that_the_site_names(server, site, waits):
    server.responses = [(429, {"Retry-After": "7"}, b"{}"), (200, {}, b"ok")]
    assert site.request("round", "GET", "/").body == b"ok"
    assert waits == [7]


def test_a_request_is_repeated_after_errors_of_the_server_with_growing_delays(server, site, waits):
    server.responses = [(500, {}, b"oops"), (502, {}, b"<html>"), (503, {"Retry-After": "5"}, b""), (200, {}, b"{}")]
    assert site.request("round", "GET", "/").is_success
    assert len(waits) == 3
    assert waits[2] == 5
    assert waits[0] < waits[1] * 3  # growing, but with jitter


def test_a_request_is_repeated_when_the_server_closes_the_connection(server, site):
    server.responses = [None, None, (200, {}, b"{}")]
    assert site.request("round", "GET", "/").is_success
    assert len(server.requests) == 3


def test_a_refusal_is_not_repeated(server, site, waits):
    server.responses = [(409, {}, b"no")]
    assert site.request("round", "GET", "/").status == 409
    assert waits == []


def test_the_last_error_of_a_server_that_keeps_failing_is_returned(server, site, waits):
    server.responses = [(500, {}, b"oops")] * (len(RETRY_DELAYS) + 1)
    assert site.request("round", "GET", "/").status == 500
    assert len(waits) == len(RETRY_DELAYS)


def test_a_server_that_never_answers_is_reported_with_a_remedy(server, site):
    server.server_close()
    with pytest.raises(SiteUnreachable, match=r"does not answer .*: start the site, or use its right address"):
        site.request("round", "GET", "/")


def test_nothing_is_repeated_once_the_campaign_has_ended(server):
    server.responses = [(503, {}, b"")]
    with pytest.raises(SiteUnreachable, match="was not repeated: the campaign has ended"):
        Site(server.url, sleep=lambda seconds: True).request("round", "GET", "/")
    assert len(server.requests) == 1


def test_a_slow_response_does_not_count_as_idle_time_of_the_connection(server, site, monkeypatch):
    monkeypatch.setattr("crowd.transport.MAX_IDLE_SECONDS", 0.5)
    server.responses, server.delay = [(200, {}, b"{}")] * 2, 0.6
    site.request("round", "GET", "/")
    server.delay = 0
    site.request("round", "GET", "/")
    assert len(server.connections) == 1


def test_a_connection_that_was_idle_for_long_is_replaced(server, site, monkeypatch):
    monkeypatch.setattr("crowd.transport.MAX_IDLE_SECONDS", 0.0)
    server.responses = [(200, {}, b"{}")] * 2
    site.request("round", "GET", "/")
    site.request("round", "GET", "/")
    assert len(server.connections) == 2


def test_every_attempt_is_logged_and_the_time_of_those_that_succeed(server, site):
    server.responses = [None, (500, {}, b""), (200, {}, b"{}")]
    site.request("round", "GET", "/")
    assert site.log.outcomes == {("round", "RemoteDisconnected"): 1, ("round", "500"): 1, ("round", "200"): 1}
    assert len(site.log.seconds["round"]) == 1


def test_calls_under_load_are_counted_apart(server, site):
    server.responses = [(200, {}, b"{}"), (500, {}, b""), (200, {}, b"{}"), (200, {}, b"{}")]
    site.request("round", "GET", "/")
    for _ in range(2):
        with site.log.measuring_load():
            site.request("round", "GET", "/")
    succeeded, seconds = site.log.under_load
    assert succeeded == 2
    assert 0 < seconds < 10


def test_only_a_url_with_a_host_is_an_address():
    with pytest.raises(ValueError, match="is not the address of a site"):
        Site("localhost:8000")


def test_a_path_in_the_address_comes_before_the_path_of_the_request(server, waits):
    server.responses = [(200, {}, b"{}")]
    Site(server.url + "/dadc/", log=CallLog(), sleep=waits.append).request("round", "GET", "/api/v1/rounds/5/")
    assert server.requests[0][1] == "/dadc/api/v1/rounds/5/"
