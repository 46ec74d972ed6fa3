"""The questions that a platform's documents leave open, each with its possible answers.

The simulators do not guess once: each question is a variant, `--variant question=answer`, and laws run over all
answers. A platform subclasses `Variants` with its `questions`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar, Self


@dataclass(frozen=True, slots=True)
class Question:
    """An open question; `number` is that of the facts, None marks an inference that is worth doubting.

    The first answer is the default. No answers means that any text is one, and `text` is the default.
    """

    name: str
    answers: tuple[str, ...]
    about: str
    number: int | None = None
    text: str = ""

    @property
    def default(self) -> str:
        """The answer where none is given."""
        return self.answers[0] if self.answers else self.text


class Variants:
    """One answer to every question; those not given have their default."""

    questions: ClassVar[tuple[Question, ...]] = ()

    def __init__(self, answers: Mapping[str, str] | None = None) -> None:
        self.answers = {question.name: question.default for question in self.questions}
        for name, answer in (answers or {}).items():
            self._check(name, answer)
            self.answers[name] = answer

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Of texts `question=answer`. Raises `ValueError` that names what is allowed."""
        answers = {}
        for text in texts:
            name, equals, answer = text.partition("=")
            if not equals:
                raise ValueError(f"{text!r} is not a variant: write QUESTION=ANSWER, for example {cls._example()}")
            answers[name.strip()] = answer.strip()
        return cls(answers)

    def __getitem__(self, name: str) -> str:
        return self.answers[name]

    @classmethod
    def _check(cls, name: str, answer: str) -> None:
        known = {question.name: question for question in cls.questions}
        question = known.get(name)
        if question is None:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            raise ValueError(f"there is no open question {name!r}: {hint}")
        if not answer or (question.answers and answer not in question.answers):
            allowed = ", ".join(question.answers) or "any text"
            raise ValueError(f"{answer!r} does not answer {name!r}: allowed is {allowed}")

    @classmethod
    def _example(cls) -> str:
        return f"{cls.questions[0].name}={cls.questions[0].answers[1]}"
