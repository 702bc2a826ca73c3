"""Where a template would be deployed, as far as this machine can tell."""

from collections.abc import Mapping
from typing import NamedTuple

from localfn.model import NOTHING
from localfn.providers.aws.environment import DEFAULT_ACCOUNT, DEFAULT_REGION, partition

# What the vendor's tool calls a stack that is not deployed.
STACK = "local"
_STACK_NAME = "AWS::StackName"
_UNIQUE = "51af3dc0-da77-11e4-872e-1234567db123"


class Deployment(NamedTuple):
    """Region, account, and the values that the user has given for what a template leaves open."""

    region: str
    account: str
    values: Mapping[str, str] = NOTHING

    @property
    def partition(self) -> str:
        """Return the partition of the region."""
        return partition(self.region)

    @property
    def suffix(self) -> str:
        """Return the domain of the partition's services."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    @property
    def words(self) -> Mapping[str, str]:
        """Return what ARNs and URLs are made of, but for the name."""
        return {
            "region": self.region,
            "account": self.account,
            "partition": self.partition,
            "suffix": self.suffix,
        }

    def pseudo(self, name: str, stack: str) -> str | None:
        """Return a pseudo parameter (`AWS::Region`), None where there is no such.

        `stack` is what a nested stack is called, "" for the template itself.
        """
        if not name.startswith("AWS::"):
            return None
        if name in self.values and not (stack and name == _STACK_NAME):
            return self.values[name]
        titled = "-".join((self.values.get(_STACK_NAME, STACK), stack)).rstrip("-")
        return {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": self.partition,
            "AWS::URLSuffix": self.suffix,
            _STACK_NAME: titled,
            "AWS::StackId": f"arn:{self.partition}:cloudformation:{self.region}:{self.account}:"
            f"stack/{titled}/{_UNIQUE}",
        }.get(name)


def deployment(
    environ: Mapping[str, str], values: Mapping[str, str], region: str = ""
) -> Deployment:
    """Return where a template would be deployed; `region` is what the tool's settings say."""
    where = (
        values.get("AWS::Region")
        or region
        or environ.get("AWS_REGION")
        or environ.get("AWS_DEFAULT_REGION")
        or DEFAULT_REGION
    )
    owner = values.get("AWS::AccountId") or environ.get("AWS_ACCOUNT_ID") or DEFAULT_ACCOUNT
    return Deployment(where, owner, values)
