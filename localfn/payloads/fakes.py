"""Invented values: Faker's, out of a short list, and cheap ones that need no Faker."""

from collections.abc import Callable, Mapping
from random import Random
from string import ascii_letters, digits
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from faker import Faker

# What a source may ask of Faker: importing it takes 75 ms, so only when one is needed.
FAKES: Mapping[str, Callable[["Faker"], object]] = {
    "word": lambda fake: fake.word(),
    "slug": lambda fake: fake.slug(),
    "file_stem": lambda fake: fake.file_name().rpartition(".")[0],
    "file_extension": lambda fake: "." + fake.file_extension(),
    "sentence": lambda fake: fake.sentence(),
    "ipv4": lambda fake: fake.ipv4_public(),
    "user_name": lambda fake: fake.user_name(),
    "first_name": lambda fake: fake.first_name().lower(),
    "domain": lambda fake: fake.domain_name(),
    "user_agent": lambda fake: fake.user_agent(),
    "name": lambda fake: f"{fake.first_name()} {fake.last_name()}",
    "email": lambda fake: fake.ascii_safe_email(),
    "phone": lambda fake: fake.numerify("+1206555%###"),
    "city": lambda fake: fake.city(),
}

ALPHABET = ascii_letters + digits


class Chance:
    """The one place of luck: everything invented comes from here, so that a seed repeats it."""

    def __init__(self, seed: int | None) -> None:
        self.random = Random(seed)  # noqa: S311 - sample data, no secrets
        self._faker: Faker | None = None

    def fake(self, name: str) -> object:
        """Return an invented value of this kind."""
        if self._faker is None:
            from faker import Faker

            self._faker = Faker()
            self._faker.seed_instance(self.random.getrandbits(64))
        return FAKES[name](self._faker)

    def hex(self, digits: int) -> str:
        """Return random hexadecimal digits."""
        return f"{self.random.getrandbits(digits * 4):0{digits}x}"

    def uuid(self) -> str:
        """Return a random UUID."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def letters(self, count: int) -> str:
        """Return random letters and digits."""
        return "".join(self.random.choices(ALPHABET, k=count))

    def number(self, digits: int) -> int:
        """Return a random number of so many decimal digits."""
        return self.random.randrange(10 ** (digits - 1), 10**digits)
