"""Alibaba Cloud Function Compute, generations FC2 and FC3 (contract alibaba-fc)."""

from localfn.model import Layout, Limits, Provider, Web
from localfn.providers.alibaba import custom, environment, templates, wording
from localfn.providers.alibaba.runtimes import RUNTIMES


def _web() -> Web:
    from localfn.providers.alibaba.web import WEB

    return WEB


PROVIDER = Provider(
    name="alibaba",
    title="Alibaba Cloud Function Compute",
    limits=Limits(
        sync_payload_bytes=32 << 20,
        async_payload_bytes=128 << 10,
        response_bytes=32 << 20,
        memory_mb=(128, 32768),
        timeout_s=(1, 86400),
    ),
    layout=Layout(code="/code", layers="/opt"),
    runtimes=RUNTIMES,
    secrets=environment.SECRETS,
    template_names=templates.TEMPLATE_NAMES,
    recognizes=templates.recognizes,
    find_template=templates.find_template,
    read_template=templates.read_template,
    lone_function=templates.lone_function,
    shim="alibaba",
    variables=environment.variables,
    context=environment.context,
    request_id=wording.request_id,
    start_output=wording.start_output,
    opening_lines=wording.opening_lines,
    closing_lines=wording.closing_lines,
    hook_lines=wording.hook_lines,
    error_body=wording.error_body,
    packages=".s/python",
    web=_web,
    http=custom.HTTP,
    wrapper=environment.WRAPPER,
)
