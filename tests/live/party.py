# SPDX-License-Identifier: MIT
"""One set of verbs for the phones that a test makes talk, so that a story can be told with any of
them in any part. What a party waits for is new since what it waited for last."""

import live
from baresip import Baresip
from linphone import Linphone


class Party:
    """A phone, and how many of its events have been waited for."""

    def __init__(self, phone, number):
        self.phone, self.number, self.at = phone, number, 0

    def find_event(self, what, is_it):
        def find():
            events = enumerate(self.phone.events[self.at:], self.at + 1)
            return next((found for found in events if is_it(found[1])), None)
        self.at, event = self.phone.wait(f"the event {what}", find)
        return event

    def quit(self):
        self.phone.quit()


class Ours(Party):
    """lampyrid phone."""

    def __init__(self, scene, server, number, keys=()):
        super().__init__(scene.phone(server, number, keys=keys).ready(len(keys)), number)

    def await_event(self, name):
        return self.find_event(name, lambda event: event["event"] == name)

    def dial(self, number):
        self.phone.send(f"dial {number}")

    def await_ringback(self):
        self.await_event("ringback")

    def await_ring(self):
        """Who calls, as the phone shows it."""
        return self.await_event("ringing")["display"]

    def answer(self):
        self.phone.send("answer")
        self.await_talk()

    def await_talk(self):
        self.await_event("answered")

    def hang_up(self):
        self.phone.send("hangup")
        self.await_end()

    def await_hold(self):
        """By the other side."""
        self.find_event("held by remote", lambda event: event["event"] == "held" and
                        event["by"] == "remote")

    def await_end(self):
        self.await_event("ended")

    def transfer(self, number):
        self.phone.send(f"transfer {number}")

    def connect(self):
        """The one on hold and the one that we talk with, or call."""
        self.phone.send("transfer attended")

    def await_transfer_failed(self):
        def is_it(event):
            return event["event"] == "transfer" and event.get("result") == "failed"
        self.find_event("transfer failed", is_it)


class OfBaresip(Party):
    """It transfers blind, and says when that has failed."""

    def __init__(self, scene, server, number):
        super().__init__(scene.add(Baresip(scene, server, number)).registered(), number)

    def await_event(self, kind):
        return self.find_event(kind, lambda event: event["type"] == kind)

    def dial(self, number):
        self.phone.dial(number)

    def await_ringback(self):
        self.await_event("CALL_RINGING")

    def await_ring(self):
        return self.await_event("CALL_INCOMING")["peerdisplayname"]

    def answer(self):
        self.phone.command("accept")
        self.await_talk()

    def await_talk(self):
        self.await_event("CALL_ESTABLISHED")

    def hang_up(self):
        self.phone.command("hangup")
        self.await_end()

    def await_end(self):
        self.await_event("CALL_CLOSED")

    def hold(self):
        self.phone.command("hold")

    def resume(self):
        self.phone.command("resume")

    def await_hold(self):
        """By the other side."""
        self.phone.expect_direction("recvonly")

    def transfer(self, number):
        self.phone.command("transfer", self.phone.server.uri(number))

    def await_transfer_failed(self):
        self.await_event("TRANSFER_FAILED")


class OfLinphone(Party):
    """Its calls have numbers; `call` is the last one that is there."""

    def __init__(self, scene, server, number):
        super().__init__(scene.add(Linphone(scene, server, number)).registered(), number)
        self.call = 0

    def await_event(self, state, call=None):
        def is_it(event):
            return event[0] == state and call in (None, event[1])
        return self.find_event(f"{state} {call or ''}", is_it)[1]

    def dial(self, number):
        self.phone.dial(number)
        self.call = self.await_event("OutgoingInit")

    def await_ringback(self):
        self.await_event("OutgoingRinging", self.call)

    def await_ring(self):
        self.call = self.await_event("IncomingReceived")
        return self.phone.remotes[self.call].split('"')[1]

    def answer(self):
        self.phone.command(f"answer {self.call}")
        self.await_talk()

    def await_talk(self):
        self.await_event("StreamsRunning", self.call)

    def hang_up(self):
        self.phone.command(f"terminate {self.call}")
        self.await_end()

    def await_end(self):
        self.await_event("Released", self.call)
        self.call -= 1

    def await_replaced(self):
        """A call by INVITE with Replaces is there instead of the one that was."""
        old, self.call = self.call, self.await_event("IncomingReceived")
        self.await_event("StreamsRunning", self.call)
        self.await_event("Released", old)

    def await_hold(self):
        """By the other side."""
        self.await_event("PausedByRemote", self.call)

    def transfer(self, number):
        self.phone.command(f"call-transfer {self.call} {self.phone.server.uri(number)}")

    def connect(self, is_last_referred=False):
        """The call before the last one, which it has put on hold, and the last one; either party
        can be sent to the other. While it still asks for the hold it sends no REFER."""
        self.phone.expect_event("Paused")
        calls = self.call - 1, self.call
        one, other = reversed(calls) if is_last_referred else calls
        self.phone.command(f"call-transfer {one} {other}")


def office(scene, alice, bob, carol, config=live.CONFIG):
    """A server, and phones of these kinds: 201, 202 and 203."""
    server = scene.server(config=config)
    kinds = {"201": alice, "202": bob, "203": carol}
    return server, *(kind(scene, server, number) for number, kind in kinds.items())


def end_well(server, *parties):
    """Everybody leaves, and nothing is left behind."""
    for party in parties:
        party.quit()
    live.expect_equal("serve's exit code", server.stop(), 0)


def talk(caller, called):
    """One calls, the other answers."""
    caller.dial(called.number)
    called.await_ring()
    caller.await_ringback()
    called.answer()
    caller.await_talk()
