"""A thread that answers waits for its client only so long."""

import socket
import time

import pytest

from app.server.connection import ClientSocket


@pytest.fixture
def pair() -> "tuple[ClientSocket, socket.socket]":
    ours, theirs = socket.socketpair()
    return ClientSocket(ours), theirs


def test_a_client_that_does_not_read_is_given_up(pair: tuple[ClientSocket, socket.socket]) -> None:
    ours, theirs = pair
    ours.patience = 0.2
    with ours, theirs, pytest.raises(ConnectionResetError):
        ours.sendall(b"a" * 10_000_000)


def test_patience_is_for_the_whole_answer(pair: tuple[ClientSocket, socket.socket]) -> None:
    """A client that takes a little now and then gains nothing."""
    ours, theirs = pair
    ours.patience = 0.3
    started = time.monotonic()
    with ours, theirs:
        with pytest.raises(ConnectionResetError):
            while time.monotonic() - started < 60:
                ours.sendall(b"a" * 100_000)
                theirs.recv(1_000)
        assert ours.patience <= 0.01


def test_what_is_not_there_is_not_waited_for(pair: tuple[ClientSocket, socket.socket]) -> None:
    ours, theirs = pair
    with ours, theirs:
        ours.inbox.feed(b"GET / HTTP/1.1\r\n\r\n")
        assert ours.recv(5) == b"GET /"
        assert ours.recv(100) == b" HTTP/1.1\r\n\r\n"
        with pytest.raises(ConnectionResetError):
            ours.recv(1)
