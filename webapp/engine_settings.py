"""The engine's own settings: budgets, limits and what a gate asks; `webapp.settings` takes all."""

from webapp import env

UIENGINE_BUDGET = env.integer(
    "UIENGINE_BUDGET", 32, low=1, high=10_000, help="Candidate layouts that a decision scores."
)
UIENGINE_DEADLINE_MS = env.integer(
    "UIENGINE_DEADLINE_MS",
    200,
    low=1,
    high=60_000,
    help="Milliseconds a decision may take; with less left, it scores fewer candidates or none.",
)
UIENGINE_DATABASE_MS = env.integer(
    "UIENGINE_DATABASE_MS",
    600,
    low=20,
    high=60_000,
    help="Milliseconds without a word after which PostgreSQL counts as away; layouts wait no "
    "longer.",
)
UIENGINE_GATE_PEOPLE = env.integer(
    "UIENGINE_GATE_PEOPLE",
    10_000,
    low=1,
    high=1_000_000,
    help="Random people for whom the gate checks a page's guardrails.",
)
UIENGINE_GATE_CHURN = env.limit(
    "UIENGINE_GATE_CHURN",
    0.05,
    help="Blocks a person that a new version may move for people who did nothing new; judged from "
    "100 people, and where the champion was trained for the page.",
)
UIENGINE_GATE_CHURN_SLICE = env.limit(
    "UIENGINE_GATE_CHURN_SLICE",
    0.1,
    help="The same for each slice of at least 100 people.",
)
UIENGINE_RETRAIN_VISITS = env.integer(
    "UIENGINE_RETRAIN_VISITS",
    200_000,
    low=1000,
    high=100_000_000,
    help="Visits that a surface's training learns from at most; whole people are drawn by a hash.",
)
UIENGINE_REPLAY_VISITS = env.integer(
    "UIENGINE_REPLAY_VISITS",
    2_000_000,
    low=1000,
    high=1_000_000_000,
    help="Visits that a replay, and an audit, walks at most under each version; whole people are "
    "drawn by a hash.",
)
UIENGINE_REFRESH_MS = env.integer(
    "UIENGINE_REFRESH_MS",
    500,
    low=0,
    high=60_000,
    help="Milliseconds between looks at what a process serves; 0: at each read.",
)
UIENGINE_THROTTLES = {  # requests per minute and caller
    "layout": env.integer(
        "THROTTLE_LAYOUT",
        1200,
        low=1,
        high=1_000_000,
        help="Layouts a minute and caller; ten times as many for all visitors of an address.",
    ),
    "write": env.integer(
        "THROTTLE_WRITE",
        600,
        low=1,
        high=1_000_000,
        help="Batches of events and wishes a minute and caller, with four times as many events; "
        "ten times as many for all visitors of an address.",
    ),
    "server_key": env.integer(
        "THROTTLE_SERVER_KEY", 60_000, low=1, high=10_000_000, help="Requests a minute and key."
    ),
}
UIENGINE_ANSWERS = env.integer(
    "UIENGINE_ANSWERS",
    10_000,
    low=1,
    high=10**7,
    help="Latest answers that Redis keeps for repeated reads, of some 5 kB each; as many made "
    "ahead; as much again for lists of variants.",
)
UIENGINE_BOOK_ENTRIES = env.integer(
    "UIENGINE_BOOK_ENTRIES",
    256,
    low=64,
    high=256,
    help="Layouts in a page's book of a day, at most.",
)
UIENGINE_DEVICE_COUNTS = env.boolean(
    "UIENGINE_DEVICE_COUNTS",
    False,
    help='Pages with mode="device" say, without identity, which blocks a visit used.',
)
UIENGINE_BACKLOG = env.integer(
    "UIENGINE_BACKLOG",
    100_000,
    low=1,
    high=10**9,
    help="Unfolded events past which new batches are answered with 429.",
)
UIENGINE_TOKEN_DAYS = env.integer(
    "UIENGINE_TOKEN_DAYS", 30, low=1, high=3650, help="Days a user token is accepted by default."
)
UIENGINE_EVENT_DAYS = env.integer(
    "UIENGINE_EVENT_DAYS",
    28,
    low=1,
    high=3650,
    help="Days after which an event is too old to take.",
)
