"""The engine's exceptions.

EngineError
├── SurfaceError   a surface whose description or rules cannot be served
└── VersionError   a codebook version that is missing, corrupt or made for another engine
"""


class EngineError(Exception):
    """What was wrong, with which value, and what to do next."""

    def __init__(self, field: str, value: object, problem: str, next_step: str) -> None:
        self.field = field
        self.value = value
        self.problem = problem
        self.next_step = next_step
        super().__init__(f"{field}: {problem} (got {value!r}). {next_step}")


class SurfaceError(EngineError):
    """A surface description that is malformed or whose rules clash."""


class VersionError(EngineError):
    """A codebook version that must not serve."""
