"""AWS Lambda, described by SAM, CloudFormation and CDK templates (contract aws-lambda)."""

from localfn.model import Layout, Limits, Provider, Web
from localfn.providers.aws import environment, templates, wording
from localfn.providers.aws.runtimes import RUNTIMES


def _web() -> Web:
    from localfn.providers.aws.web import WEB

    return WEB


PROVIDER = Provider(
    name="aws",
    title="AWS Lambda",
    limits=Limits(
        sync_payload_bytes=6 << 20,
        async_payload_bytes=1 << 20,
        response_bytes=(6 << 20) + 100,
        memory_mb=(128, 10240),
        timeout_s=(1, 900),
    ),
    layout=Layout(code="/var/task", layers="/opt"),
    runtimes=RUNTIMES,
    secrets=environment.SECRETS,
    template_names=templates.TEMPLATE_NAMES,
    recognizes=templates.recognizes,
    find_template=templates.find_template,
    read_template=templates.read_template,
    lone_function=templates.lone_function,
    shim="aws",
    variables=environment.variables,
    context=environment.context,
    request_id=wording.request_id,
    start_output=wording.start_output,
    opening_lines=wording.opening_lines,
    closing_lines=wording.closing_lines,
    hook_lines=wording.hook_lines,
    error_body=wording.error_body,
    packages=".aws-sam/python",
    web=_web,
    polled_at=environment.IMAGES_RUNTIME_API,
    companions="/opt/extensions",
    init_limit_s=10.0,
)
