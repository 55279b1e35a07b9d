"""What is wrong with the user's file: where, and in which words.

Rooms that check something add to one `Findings`; nothing is raised until everything was looked at.
A message never repeats the value of a secret key, and no path goes deeper than such a key.
"""

import json
from collections.abc import Iterable, Mapping

Location = tuple[str | int, ...]
"""The way from the top of the file to a value: keys and list positions."""

SECRET_KEYS = frozenset({"password", "proxy_url"})
_LONGEST = 60


def shown(text: object) -> str:
    """`text` in quotes, on one line and shortened, as it may stand in a sentence."""
    words = str(text)
    short = words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
    return json.dumps(printable(short), ensure_ascii=False)


def printable(text: str) -> str:
    """`text` without anything that could break a line or hide in it."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def suggestion(word: str, known: Iterable[str]) -> str | None:
    """The known word that the user most likely meant."""
    lower = {name.lower(): name for name in known}
    # Only a slip in a file needs it.
    import difflib  # noqa: PLC0415

    close = difflib.get_close_matches(word.lower()[:_LONGEST], lower, n=1, cutoff=0.6)
    return lower[close[0]] if close else None


def one_of(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about a wrong word: what was meant, or what there is."""
    names = list(known)
    meant = suggestion(word, names)
    return f'did you mean "{meant}"?' if meant else f"it is one of {', '.join(names)}"


def kind_of(value: object) -> str:
    """What `value` is, in the words of a person who writes YAML."""
    if isinstance(value, bool):
        return "true or false"
    kinds: tuple[tuple[type, str], ...] = (
        (int, "a number"),
        (float, "a number with a fraction"),
        (str, "text"),
        (list, "a list"),
        (dict, "a mapping"),
    )
    return next((kind for types, kind in kinds if isinstance(value, types)), "nothing")


def must_be(wanted: str, value: object) -> str:
    """The sentence for a value of the wrong type; it names the type and never the value."""
    if value is None:
        return f"has no value; it must be {wanted}"
    quotes = "; put it in quotes" if wanted == "text" and isinstance(value, int | float) else ""
    return f"must be {wanted}, not {kind_of(value)}{quotes}"


def place(location: Location) -> str:
    """A location as people write it: `servers[1].tls_config.ca_file`."""
    text = ""
    for step in location:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        word = step if step.isidentifier() and len(step) <= _LONGEST else shown(step)
        text += f".{word}" if text else word
        if suggestion(step, SECRET_KEYS):
            break  # what is below a secret key, even a misspelled one, may be the secret
    return text


class Findings:
    """Everything found in one file, by line."""

    def __init__(self, file_name: str) -> None:
        self._file_name = file_name
        self._lines: Mapping[Location, int] = {}
        self._problems: set[tuple[int, str]] = set()
        self._warnings: set[tuple[int, str]] = set()

    def know_lines(self, lines: Mapping[Location, int]) -> None:
        """From here on, the line of a location is looked up in `lines`."""
        self._lines = lines

    def add(self, location: Location, sentence: str, line: int | None = None) -> None:
        """A problem at `location`: the file cannot be used."""
        self._problems.add(self._entry(location, sentence, line))

    def warn(self, location: Location, sentence: str) -> None:
        """Something that works and is still unwise."""
        self._warnings.add(self._entry(location, sentence, None))

    def problems(self) -> tuple[str, ...]:
        """Each problem once as a line of text, in the order of the file."""
        return tuple(text for _, text in sorted(self._problems))

    def warnings(self) -> tuple[str, ...]:
        """Each warning once as a line of text, in the order of the file."""
        return tuple(text for _, text in sorted(self._warnings))

    def _entry(self, location: Location, sentence: str, line: int | None) -> tuple[int, str]:
        number = self._line(location) if line is None else line
        parts = [f"{self._file_name}:{number}" if number else self._file_name]
        if location:
            parts.append(place(location))
        return number, ": ".join([*parts, sentence])

    def _line(self, location: Location) -> int:
        """The line of the deepest part of `location` that stands in the file, or 0."""
        depths = range(len(location), -1, -1)
        return next((self._lines[location[:n]] for n in depths if location[:n] in self._lines), 0)
