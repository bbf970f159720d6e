"""The engine's exceptions.

EngineError
├── SurfaceError     the surface's description or rules cannot be served
├── VersionError     the codebook version is missing, corrupt, made for another engine, or gives NaN
├── BehaviourError   a profile or a popularity holds a number that is not finite
└── DashboardError   a tool's file holds no page that can be arranged
"""


class EngineError(Exception):
    """An error that names the field, its value, the problem and the next step."""

    def __init__(self, field: str, value: object, problem: str, next_step: str) -> None:
        self.field = field
        self.value = value
        self.problem = problem
        self.next_step = next_step
        super().__init__(f"{field}: {problem} (got {value!r}). {next_step}")


class SurfaceError(EngineError):
    """The surface's description is malformed, or its rules clash."""


class DashboardError(EngineError):
    """The file is no page of this tool, or its page cannot be arranged."""


class VersionError(EngineError):
    """The codebook version must not serve."""


class BehaviourError(EngineError):
    """A profile or a popularity holds a number that no visits leave."""
