"""Every error of the API.

`problem` takes status and title from here, and the page behind an error's `type` shows the entries;
a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass

from rest_framework import exceptions

from webapp.subjects.authentication import MissingScope


@dataclass(frozen=True)
class Kind:
    """slug: the fragment of `type`. next_step: the default if the error has none of its own."""

    slug: str
    status: int
    title: str
    meaning: str
    next_step: str


KINDS = {
    kind.slug: kind
    for kind in (
        Kind(
            "field-not-valid",
            400,
            "A field is not valid",
            "A field of the body is missing, of another type, or outside its limits; `field` says "
            "which, as a path such as `events[3].block`, and `value` what stood there. `errors` "
            "lists all such mistakes, up to ten.",
            "Correct the named field and send the request again.",
        ),
        Kind(
            "body-not-readable",
            400,
            "The body cannot be read",
            "It is not JSON, nested too deeply, or holds half of a character.",
            "Send JSON in UTF-8.",
        ),
        Kind(
            "surface-missing",
            400,
            "Which surface?",
            "GET /api/layout was asked without the parameter `surface`.",
            "Name a surface of the admin's list.",
        ),
        Kind(
            "variants-out-of-range",
            400,
            "That many variants cannot be listed",
            "The parameter `variants` is no number, or outside its limits.",
            "Leave it out for the layout alone.",
        ),
        Kind(
            "decision-not-ours",
            400,
            "The decision is not ours",
            "The signed `decision` was changed, cut, or signed by another server or release.",
            "Fetch the layout again and send its decision, unchanged.",
        ),
        Kind(
            "book-gone",
            400,
            "The book is gone",
            "Events name a byte of a book that is kept no longer: they are too old, or its page "
            "was deleted since.",
            "Drop these events.",
        ),
        Kind(
            "decision-of-no-surface",
            400,
            "The decision is of no surface",
            "The page that the decision was made for was deleted since.",
            "Drop these events.",
        ),
        Kind(
            "block-not-on-page",
            400,
            "The block is not on the page",
            "An event names a block that the layout of its decision does not have.",
            "Send an id from `order`.",
        ),
        Kind(
            "block-held-by-team",
            400,
            "The team holds the block in place",
            "The guardrail `pinned_stay` keeps blocks that the team pinned in their cells: a user "
            "can neither pin nor move them.",
            "Offer no pin or move for elements with `static`; unpin the block in the admin.",
        ),
        Kind(
            "block-must-stay",
            400,
            "The block must stay on the page",
            "A block that the team requires or pinned, and the last one of a page, can be neither "
            "folded nor put away.",
            "Offer it for elements that are neither `required` nor `pinned`.",
        ),
        Kind(
            "put-away-not-allowed",
            400,
            "Nothing can be put away here",
            "The surface's owner has not turned on `guardrails.put_away`, or nobody arranges the "
            "page.",
            "Offer it where `put_away` of the layout is true; turn it on in the admin.",
        ),
        Kind(
            "sizes-not-allowed",
            400,
            "Sizes do not change here",
            "The surface's owner has not turned on `guardrails.sizes`, nobody arranges the page, "
            "or it has no breakpoint of that name.",
            "Offer `resize` where `sizes` of the layout is true, with one of its `breakpoints`.",
        ),
        Kind(
            "goal-not-declared",
            400,
            "The goal is not declared",
            "An event names a goal that the team has not declared for the surface. Nothing is "
            "counted that was not declared before.",
            "Declare it for the surface in the admin, under Goals.",
        ),
        Kind(
            "event-too-old",
            400,
            "The event is too old",
            "Events are taken for some weeks (UIENGINE_EVENT_DAYS) after they happened.",
            "Drop this event.",
        ),
        Kind(
            "engine-refused",
            400,
            "The engine refused this",
            "The rules of a surface, a layout or a version do not allow what was asked.",
            "Read `detail`: it names the field, and `next_step` the way out.",
        ),
        Kind(
            "request-refused",
            400,
            "The request is refused",
            "It was refused before the API read it; where `field` is `Host`, that host name is not "
            "one of ALLOWED_HOSTS.",
            "Correct the named field; /api/schema has every address, its methods and types.",
        ),
        Kind(
            "credentials-not-valid",
            401,
            "Incorrect authentication credentials",
            "The user token or the server key is forged, unknown, expired or revoked.",
            "Sign in, or send a user token that has not expired.",
        ),
        Kind(
            "nobody-signed-in",
            401,
            "Nobody is signed in",
            "The decision was made for someone, and the request is nobody's: the session ended.",
            "Sign in again and send the same bytes.",
        ),
        Kind(
            "not-allowed",
            403,
            "You do not have permission to perform this action",
            "A browser's request that changes something came without the CSRF token of the page.",
            "Send the CSRF token of the page, or use a user token.",
        ),
        Kind(
            "scope-missing",
            403,
            "The server key does not allow this",
            "A server key allows what it was made for: `layout:read`, `events:write`, "
            "`subjects:admin`.",
            "Make a key with the scope that `detail` names: `manage.py server_key create`.",
        ),
        Kind(
            "decision-of-someone-else",
            403,
            "The decision is someone else's",
            "Events and wishes are taken for the subject that the decision was made for.",
            "Fetch the layout again and send its decision, unchanged.",
        ),
        Kind(
            "nobody-to-do-this-for",
            403,
            "Nobody to do this for",
            "Without a user, a token or consent nothing is kept, so there is nothing to change.",
            'Sign in, send a user token, or consent: POST /api/me {"consent": true}.',
        ),
        Kind(
            "surface-unknown",
            404,
            "There is no such surface",
            "No surface has the slug that the parameter `surface` names.",
            "Name a surface of the admin's list.",
        ),
        Kind(
            "book-unknown",
            404,
            "There is no such book",
            "No kept book of this page has that name, or the page has none: it is not live, or a "
            "worker is about to make the first one.",
            "Its address without the last part answers with the present name; show the default "
            "order meanwhile.",
        ),
        Kind(
            "counts-off",
            404,
            "Counts are off",
            "Counts without identity, of pages that choose on the device, are off on this site.",
            "Send none, or set UIENGINE_DEVICE_COUNTS.",
        ),
        Kind(
            "not-found",
            404,
            "Not found",
            "There is nothing at the address that `value` names.",
            "See /api/schema for the addresses; none ends with a slash.",
        ),
        Kind(
            "method-not-allowed",
            405,
            "Method not allowed",
            "The address exists, and does not take this method.",
            "See /api/schema for the methods of this address.",
        ),
        Kind(
            "too-large",
            413,
            "The request is larger than this server takes",
            "The body is larger than DATA_UPLOAD_MAX_MEMORY_SIZE.",
            "Send fewer events at once.",
        ),
        Kind(
            "media-type",
            415,
            "Unsupported media type in request",
            "The body is of another type than JSON.",
            "Send application/json.",
        ),
        Kind(
            "throttled",
            429,
            "Request was throttled",
            "The caller has spent this minute's requests or events (UIENGINE_THROTTLES), or all "
            "visitors of its address have. GET /api/layout answers with the default layout then.",
            "Wait for the seconds in Retry-After and send the same bytes again.",
        ),
        Kind(
            "layout-changed",
            409,
            "The layout was changed elsewhere",
            "An `undo` takes back what its page shows, and the user asked for something since that "
            "page's decision was made, in another tab perhaps. Nothing is undone.",
            "Ask for the layout, show it, and send the undo with its decision.",
        ),
        Kind(
            "backlog-full",
            429,
            "Too many events wait to be counted",
            "More accepted events wait for a worker than the bound (UIENGINE_BACKLOG); see "
            "`backlog` in /api/health. Those that were accepted are kept.",
            "Wait for the seconds in Retry-After and send the same bytes again.",
        ),
        Kind(
            "failed",
            500,
            "The server failed",
            "Something that nobody foresaw; it is in the server's log.",
            "Try again; if it stays, tell the operator. The error was logged.",
        ),
        Kind(
            "database-away",
            503,
            "The database is away",
            "It is being restarted, or takes no more connections. GET /api/layout answers "
            "meanwhile, with the default layout where need be.",
            "Wait for the seconds in Retry-After and send the same bytes again: an event that was "
            "kept after all counts once.",
        ),
        Kind(
            "no-page-yet",
            503,
            "No page can be served yet",
            "GET /api/health: there is no surface.",
            "Run `manage.py load_fixtures` or `load_surfaces`, or use the admin.",
        ),
    )
}
OF_FRAMEWORK: dict[type[exceptions.APIException], str] = {
    MissingScope: "scope-missing",  # before the error that it is a kind of
    exceptions.ValidationError: "field-not-valid",
    exceptions.ParseError: "body-not-readable",
    exceptions.AuthenticationFailed: "credentials-not-valid",
    exceptions.NotAuthenticated: "credentials-not-valid",
    exceptions.PermissionDenied: "not-allowed",
    exceptions.NotFound: "not-found",
    exceptions.MethodNotAllowed: "method-not-allowed",
    exceptions.UnsupportedMediaType: "media-type",
    exceptions.Throttled: "throttled",
}
"""REST framework's own errors. (NotAcceptable cannot occur: see `negotiation`.)"""
