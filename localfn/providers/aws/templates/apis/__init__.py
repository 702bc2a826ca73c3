"""APIs, load balancers and distributions: what they tell a function's HTTP triggers.

One trigger for each route, and for each a `DomainRoute` whose `domain` is the API's id in lower
case. Absent options are the cloud's default; lists are tuples.

| source | option | what it is |
|---|---|---|
| `api`, `http-api`, `websocket` | `api_id` | logical id of the API (`ServerlessRestApi`, …) |
| | `stage` | `Prod`, `$default`, … |
| | `stage_variables` | mapping |
| | `timeout_s` | seconds that the integration waits |
| | `authorizer` | mapping, see below |
| | `scopes` | what a token must allow |
| `api`, `http-api` | `path` | `/orders/{id}`, `/{proxy+}`; `$default` for the route of that name |
| | `methods` | upper case; absent for any |
| | `cors` | `{origins, methods, headers, expose, credentials, max_age}` |
| | `operation_name` | |
| `api` | `binary_types` | media types |
| | `api_key` | whether a key is needed |
| | `invoke_mode` | `RESPONSE_STREAM` where answers are streamed |
| `http-api` | `payload_format` | `2.0` or `1.0` |
| | `route_key` | `$default` for that route |
| `websocket` | `route` | `$connect`, `$disconnect`, `$default` or a key |
| | `selection` | the expression that chooses a route |
| `function-url` | `auth_type`, `invoke_mode`, `cors` | |
| `alb` | `target_group` | its name |
| | `multi_value_headers` | whether headers come as lists |
| | `path`, `methods` | pattern such as `/api/*`; upper case |
| `cloudfront` | `event_types` | `viewer-request`, … |

An authorizer: `name`; `kind` (`token`, `request`, `jwt`, `cognito`, `iam`); `function` (key of the
project's function); `identity` (expressions as the gateway writes them); `validation` (a regular
expression); `payload_format`; `simple`; `issuer`; `audience`; `scopes`; `ttl_s`.
"""

from localfn.providers.aws.templates.apis.http import read_http_apis
from localfn.providers.aws.templates.apis.mocked import with_methods
from localfn.providers.aws.templates.apis.rest import read_rest_apis
from localfn.providers.aws.templates.apis.sam import read_sam_apis
from localfn.providers.aws.templates.entry import Book
from localfn.providers.aws.templates.stack import Stack


def read_apis(stack: Stack, book: Book) -> None:
    """Add the triggers and the routes that a stack's APIs bring to functions."""
    read_sam_apis(stack, book)
    read_rest_apis(stack, book)
    read_http_apis(stack, book)
    with_methods(book)
