"""The thread that delivers messages: nobody waits for it, and everything has a result."""

from __future__ import annotations

from threading import Event

from reconciler.errors import NotifyError
from reconciler.model.notice import Delivery, Message, NoticeKind
from reconciler.notify.courier import Courier, Delivered, Results
from tests.e2e.conftest import until

MESSAGE = Message(kind=NoticeKind.HALT, title="t", text="x", markdown="x", at=1.0, run="r", keys=("k",))


class Target:
    """Answers in its order, the last one again and again; None takes the message."""

    def __init__(self, *answers: NotifyError | None, gate: Event | None = None) -> None:
        self.answers = list(answers)
        self.gate = gate
        self.asked = 0

    def notify(self, message: Message) -> None:
        assert message is MESSAGE
        self.asked += 1
        if self.gate is not None:
            self.gate.wait(60)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is not None:
            raise answer


def delivered(target: Target) -> Delivered:
    courier, results, found = Courier({"ops": target}, pauses=(0.0, 0.0)), Results(), list[Delivered]()
    courier.send("ops", MESSAGE, results)

    def came() -> bool:
        found.extend(results.taken())
        return bool(found)

    until(came, "the result")
    courier.close(60)
    assert (results.taken(), results.expected) == ([], 0)
    return found[0]


def test_a_message_is_tried_a_few_times_while_that_may_help() -> None:
    soon, never = NotifyError("busy"), NotifyError("no such channel", retryable=False)
    for answers, asked, result, error in (
        ((None,), 1, Delivery.SENT, ""),
        ((soon, None), 2, Delivery.SENT, ""),
        ((soon,), 3, Delivery.FAILED, "busy"),
        ((never,), 1, Delivery.FAILED, "no such channel"),
    ):
        target = Target(*answers)
        assert (delivered(target), target.asked) == (Delivered("ops", MESSAGE, result, error), asked)


def test_where_there_is_no_room_a_message_is_dropped_and_nobody_waits() -> None:
    gate = Event()
    target = Target(None, gate=gate)
    courier, results = Courier({"ops": target}, room=2), Results()
    courier.send("ops", MESSAGE, results)
    until(lambda: target.asked == 1, "the first being delivered")
    for _ in range(5):
        courier.send("ops", MESSAGE, results)
    assert [one.result for one in results.taken()] == [Delivery.DROPPED] * 3
    gate.set()
    courier.close(60)
    assert [one.result for one in results.taken()] == [Delivery.SENT] * 3


def test_what_is_not_delivered_in_time_at_the_end_is_dropped_and_said() -> None:
    gate = Event()
    target = Target(None, gate=gate)
    courier, results = Courier({"ops": target}), Results()
    for _ in range(3):
        courier.send("ops", MESSAGE, results)
    until(lambda: target.asked == 1, "the first being delivered")
    courier.close(0.01)
    assert [one.result for one in results.taken()] == [Delivery.DROPPED] * 2
    gate.set()
    courier.close(60)


def test_at_the_end_nothing_is_tried_again() -> None:
    target = Target(NotifyError("busy"))
    courier, results = Courier({"ops": target}, pauses=(3600.0,)), Results()
    courier.send("ops", MESSAGE, results)
    until(lambda: target.asked == 1, "the first attempt")
    courier.close(60)
    assert [(one.result, target.asked) for one in results.taken()] == [(Delivery.FAILED, 1)]
