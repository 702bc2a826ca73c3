"""boto3 speaks to the clients of a WebSocket API, as functions do."""

import json
import warnings
from pathlib import Path

import pytest

from localfn.model import Trigger
from tests.clouds.aws.sdk.conftest import HOW
from tests.clouds.aws.serving import function, serving
from tests.clouds.aws.sockets import opened

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    boto3 = pytest.importorskip("boto3", reason=HOW)

pytestmark = pytest.mark.filterwarnings("ignore")
CODE = """\
import json

def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event["requestContext"])}
"""


@pytest.mark.parametrize("stage", ["", "/dev"])
def test_a_client_is_spoken_to_asked_after_and_hung_up_on(tmp_path: Path, stage: str) -> None:
    (tmp_path / "app.py").write_text(CODE)
    route = {"api_id": "Chat", "route": "$default", "stage": "dev", "responds": True}
    chat = function("chat", tmp_path, triggers=(Trigger("websocket", "Default", route),))

    with serving(tmp_path, chat) as served, opened(served) as client:
        management = boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=f"http://127.0.0.1:{served.port}{stage}",
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        client.send("who")
        id_ = json.loads(client.receive()[1])["connectionId"]

        management.post_to_connection(ConnectionId=id_, Data=b"from elsewhere")
        assert client.receive() == (1, b"from elsewhere")
        assert management.get_connection(ConnectionId=id_)["Identity"]["SourceIp"] == "127.0.0.1"
        management.delete_connection(ConnectionId=id_)
        assert client.ended() == 1000
        with pytest.raises(management.exceptions.GoneException):
            management.post_to_connection(ConnectionId="bm9ib2R5IQ==", Data=b"x")
