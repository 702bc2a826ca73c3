"""Makes a thumbnail of the picture that an OSS event names."""

import io
import json
import logging
import os
import tempfile
from pathlib import Path

from PIL import Image

logger = logging.getLogger()


def handler(event, context):
    """Handle one OSS event; answer what was made."""
    made = [make(record["oss"], record["region"]) for record in json.loads(event)["events"]]
    return {"thumbnails": made}


def make(oss, region):
    """Make one thumbnail and write it to the private folder of this instance."""
    bucket, key = oss["bucket"]["name"], oss["object"]["key"]
    picture = Image.open(io.BytesIO(read(bucket, key, region)))
    before = picture.size
    width = int(os.environ.get("WIDTH", "160"))
    picture.thumbnail((width, width))
    target = Path(tempfile.gettempdir(), "thumb-" + Path(key).name)
    picture.convert("RGB").save(target, "JPEG")
    logger.info("%s/%s: %dx%d -> %dx%d", bucket, key, *before, *picture.size)
    return {
        "key": key,
        "width": picture.width,
        "height": picture.height,
        "bytes": target.stat().st_size,
    }


def read(bucket, key, region):
    """Return an object: out of a folder beside the code, else from OSS."""
    folder = os.environ.get("BUCKET_FOLDER")
    if folder:
        return read_local(Path(__file__).parent / folder, key)
    # In the cloud: the role's own credentials, from the instance's environment.
    import oss2
    from oss2.credentials import EnvironmentVariableCredentialsProvider

    auth = oss2.ProviderAuthV4(EnvironmentVariableCredentialsProvider())
    endpoint = "https://oss-%s-internal.aliyuncs.com" % region
    return oss2.Bucket(auth, endpoint, bucket, region=region).get_object(key).read()


def read_local(folder, key):
    """Return a file of the folder; a picture that is not there is drawn."""
    path = folder / key
    if path.is_file():
        return path.read_bytes()
    logger.warning("%s is not in %s: a plain picture stands in for it", key, folder.name)
    drawn = io.BytesIO()
    Image.new("RGB", (640, 480), "steelblue").save(drawn, "JPEG")
    return drawn.getvalue()
