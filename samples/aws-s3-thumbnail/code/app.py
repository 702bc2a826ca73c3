"""Makes a thumbnail of each picture that an S3 event names."""

import io
import logging
import os
import tempfile
from pathlib import Path
from urllib.parse import unquote_plus

from PIL import Image

logger = logging.getLogger()
logger.setLevel(logging.INFO)


def handler(event, context):
    """Handle one S3 event; answer what was made."""
    return {"thumbnails": [make(record["s3"]) for record in event["Records"]]}


def make(told):
    """Make one thumbnail and write it to the private folder of this instance."""
    # Keys come as in a query: with `+` for a blank.
    bucket, key = told["bucket"]["name"], unquote_plus(told["object"]["key"])
    picture = Image.open(io.BytesIO(read(bucket, key)))
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


def read(bucket, key):
    """Return an object: out of a folder beside the code, else from S3."""
    folder = os.environ.get("BUCKET_FOLDER")
    if folder:
        return read_local(Path(__file__).parent / folder, key)
    # A part of the cloud's own image; the credentials are those of the function's role.
    import boto3

    return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def read_local(folder, key):
    """Return a file of the folder; a picture that is not there is drawn."""
    path = folder / key
    if path.is_file():
        return path.read_bytes()
    logger.warning("%s is not in %s: a plain picture stands in for it", key, folder.name)
    drawn = io.BytesIO()
    Image.new("RGB", (640, 480), "steelblue").save(drawn, "JPEG")
    return drawn.getvalue()
