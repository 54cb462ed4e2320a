"""What the HTTP API takes and gives. Numbers written as text are refused, and so are keys that nobody reads.

The bounds that a person can set are read when a value is checked and when the schema is written.
"""

from collections.abc import Sized
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Tag
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ulmfit_app.schema.base import Record
from ulmfit_app.schema.inference import Prediction, Sample, Sampling
from ulmfit_app.schema.models import Metric
from ulmfit_app.schema.recipes import Kind
from ulmfit_app.schema.runs import RunResult, RunState
from ulmfit_app.settings import settings

LONGEST_NAME = 200  # characters; more than any model's name has
_DEFAULT = Sampling()


@dataclass(frozen=True, slots=True)
class AtMost:
    """A bound on a number or a length: the setting of that name, under its `keyword` of JSON Schema."""

    setting: str
    keyword: Literal["maximum", "maxLength", "maxItems"]

    @property
    def limit(self) -> int:
        """The bound as it is set now."""
        return int(getattr(settings(), self.setting))

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(core) | {self.keyword: self.limit}

    def _check(self, value: Any) -> Any:
        if (len(value) if isinstance(value, Sized) else value) > self.limit:
            what = {"maximum": "", "maxLength": " characters", "maxItems": " items"}[self.keyword]
            raise PydanticCustomError("at_most", "at most {limit}{what}", {"limit": f"{self.limit:,}", "what": what})
        return value


ModelName = Annotated[str, Field(max_length=LONGEST_NAME, description="As `GET /api/models` lists it.")]
Text = Annotated[str, AtMost("max_text_chars", "maxLength")]
Texts = Annotated[tuple[Text, ...], Field(min_length=1), AtMost("api_max_texts", "maxItems")]


def _as_whole(value: object) -> object:
    """In JSON 30.0 is a whole number, too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_as_whole)  # last, or the bounds are missing in the schema (pydantic 2.14)


def _one_or_many(value: object) -> str:
    return "one" if isinstance(value, str) else "many"


class PredictRequest(Record):
    """Texts to classify."""

    model: ModelName
    text: Annotated[
        Annotated[Text, Tag("one")] | Annotated[Texts, Tag("many")],
        Discriminator(_one_or_many),
        Field(description="One text, or a list of them."),
    ]

    @property
    def texts(self) -> tuple[str, ...]:
        """The text or texts."""
        return (self.text,) if isinstance(self.text, str) else self.text


class PredictAnswer(Record):
    """The prediction of each text, in their order."""

    model: str
    predictions: tuple[Prediction, ...]


class GenerateRequest(Record):
    """A text to go on with, and how its words are drawn."""

    model: ModelName
    prompt: Annotated[str, AtMost("max_prompt_chars", "maxLength")] = Field(description="How the texts begin.")
    n_words: Annotated[int, Field(ge=0), AtMost("max_words", "maximum"), WHOLE] = Field(
        30, description="Tokens to add."
    )
    samples: Annotated[int, Field(ge=1), AtMost("max_samples", "maximum"), WHOLE] = 1
    seed: Annotated[int, Field(ge=0, lt=2**32), WHOLE] | None = Field(None, description="Of the first text.")
    temperature: float = Field(default=_DEFAULT.temperature, ge=0, le=100, description="0: the most probable token.")
    top_k: Annotated[int, Field(ge=1), WHOLE] | None = Field(None, description="Draw from this many likeliest tokens.")
    top_p: float | None = Field(default=None, gt=0, le=1, description="Draw from the fewest that have this share.")
    min_p: float | None = Field(default=None, ge=0, le=1, description="Least share of the most probable token's.")
    repetition_penalty: float = Field(default=_DEFAULT.repetition_penalty, ge=0.01, le=100)
    no_unk: bool = Field(default=_DEFAULT.no_unk, description="Never draw xxunk.")

    @property
    def sampling(self) -> Sampling:
        """How the words are drawn."""
        return Sampling(
            self.temperature, self.top_k, self.top_p, self.min_p, self.repetition_penalty, self.no_unk
        )  # fmt: skip


class GenerateAnswer(Record):
    """The texts, with their prompt; the same `seed` gives the same ones."""

    model: str
    seed: int
    samples: tuple[Sample, ...]


class TextPiece(Record):
    """The next piece of the text with the number `sample`; joined, they are the text with its prompt."""

    sample: int
    text: str


class ModelAnswer(Record):
    """A model that can be used."""

    name: str
    kind: Kind
    part: Literal["full", "encoder"]
    labels: tuple[str, ...]
    metrics: dict[str, Metric]
    shipped: bool


class ModelsAnswer(Record):
    """The models that can be used, one's own first."""

    models: tuple[ModelAnswer, ...]


class RunAnswer(Record):
    """What `ulmfit runs show --json` prints of a run."""

    id: str
    status: RunState
    stage: str
    reason: str
    name: str | None
    result: RunResult | None


class Health(Record):
    """The server answers."""

    status: Literal["ok"] = "ok"


class ApiError(Record):
    """Why there is no answer: `error` for programs, `message` for people."""

    error: str
    message: str
