"""Custom domains of all three dialects, and how asynchronous calls are repeated."""

from localfn.model import DomainRoute, Reading, Rewrite
from tests.clouds.alibaba.templates.conftest import Read, told

FUN = """\
ROSTemplateFormatVersion: '2015-09-01'
Transform: 'Aliyun::Serverless-2018-04-03'
Resources:
  shop:
    Type: 'Aliyun::Serverless::Service'
    resize:
      Type: 'Aliyun::Serverless::Function'
      Properties:
        Handler: index.handler
        Runtime: python3
        CodeUri: ./code
        AsyncConfiguration: {MaxAsyncRetryAttempts: 0, Destination: {OnSuccess: acs:mns:a}}
  img.example.com:
    Type: 'Aliyun::Serverless::CustomDomain'
    Properties:
      Protocol: HTTP
      RouteConfig:
        Routes:
          '/a/*': {ServiceName: shop, FunctionName: resize, Qualifier: prod}
  any:
    Type: 'Aliyun::Serverless::CustomDomain'
    Properties:
      DomainName: Auto
      RouteConfig: {Routes: {'/*': {ServiceName: shop, FunctionName: resize}}}
"""
FC = """\
edition: 1.0.0
services:
  a:
    component: fc
    props:
      service: {name: shop}
      function:
        name: resize
        runtime: python3
        handler: index.handler
        codeUri: ./code
        asyncConfiguration: {maxAsyncRetryAttempts: 5, maxAsyncEventAgeInSeconds: 60}
      customDomains:
        - domainName: IMG.example.com
          protocol: HTTP
          routeConfigs:
            - {path: /a/*, methods: [get, POST], qualifier: prod}
            - {path: /b, serviceName: other, functionName: gone}
"""
FC3 = """\
edition: 3.0.0
resources:
  fn:
    component: fc3
    props:
      functionName: resize
      runtime: python3.10
      handler: index.handler
      code: ./code
      asyncInvokeConfig:
        maxAsyncRetryAttempts: 2
        destinationConfig: {onFailure: {destination: acs:mns:b}}
  domain:
    component: fc3-domain
    props:
      region: ${env('NOWHERE')}
      domainName: img.example.com
      routeConfig:
        routes:
          - {path: /a/*, functionName: "${resources.fn.props.functionName}", methods: [GET]}
          - {path: /b, functionName: resize, rewriteConfig: {equalRules: []}}
          - path: /d/*
            functionName: resize
            rewriteConfig:
              regexRules:
                - {match: "^/d/([a-z]+)$", replacement: "/$1"}
                - {match: "(", replacement: /}
              wildcardRules: [{match: "^/d/*", replacement: "/e/$1"}]
              equalRules: [{match: /d.x, replacement: /f}]
          - {path: /c}
"""


def routes(reading: Reading) -> list[DomainRoute]:
    return [each._replace(template=None) for each in reading.routes]


def test_a_domain_of_funcraft_leads_to_functions(read: Read) -> None:
    reading = read(FUN, name="template.yml")

    assert told(reading) == []
    assert routes(reading) == [
        DomainRoute("img.example.com", "/a/*", "shop/resize", (), "prod"),
        DomainRoute("", "/*", "shop/resize"),
    ]


def test_a_domain_of_fc_leads_to_its_own_function_unless_it_names_another(read: Read) -> None:
    reading = read(FC)

    assert routes(reading) == [
        DomainRoute("img.example.com", "/a/*", "shop/resize", ("GET", "POST"), "prod")
    ]
    (warning,) = told(reading)
    assert warning.startswith("warning s.yaml:18 : a custom domain leads to the function `other/go")


def test_a_domain_of_fc3_leads_to_functions_of_other_modules(read: Read) -> None:
    reading = read(FC3)

    assert routes(reading) == [
        DomainRoute("img.example.com", "/a/*", "resize", ("GET",)),
        DomainRoute("img.example.com", "/b", "resize"),
        DomainRoute(
            "img.example.com",
            "/d/*",
            "resize",
            rewrites=(
                Rewrite(r"^/d\.x\Z", "/f", of_path=True),
                Rewrite(r"^/d/(.*)", "/e/$1"),
                Rewrite("^/d/([a-z]+)$", "/$1"),
            ),
        ),
    ]
    broken, nameless = told(reading)
    assert broken.startswith("warning s.yaml:27 domain: `(` is no regular expression")
    assert nameless.startswith("warning s.yaml:30 domain: a route of a custom domain names no fu")


def test_asynchronous_calls_are_repeated_as_the_template_says(read: Read) -> None:
    settings = [
        {name: value for name, value in each.attributes.items() if name.startswith("async_")}
        for reading in (read(FUN, name="template.yml"), read(FC), read(FC3))
        for each in reading.functions
    ]

    assert settings == [
        {"async_retries": "0", "async_on_success": "acs:mns:a"},
        {"async_retries": "5", "async_max_age_s": "60"},
        {"async_retries": "2", "async_on_failure": "acs:mns:b"},
    ]
