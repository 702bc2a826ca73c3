"""Readers of SAM, CloudFormation and CDK templates (contract aws-lambda, section 1)."""

from localfn.providers.aws.templates.location import TEMPLATE_NAMES, find_template, recognizes
from localfn.providers.aws.templates.lone import lone_function
from localfn.providers.aws.templates.template import read_template

__all__ = ["TEMPLATE_NAMES", "find_template", "lone_function", "read_template", "recognizes"]
