"""
Templates: a call's values, safe in every slot of a request.
"""

from webhook_engine.templating.bounds import Bounds
from webhook_engine.templating.building import ParameterLike
from webhook_engine.templating.effort import OneRequest
from webhook_engine.templating.expression import Expression, compile_expression
from webhook_engine.templating.kind import Kind
from webhook_engine.templating.parameters import compile_body, compile_url
from webhook_engine.templating.places import Place
from webhook_engine.templating.slots import ESCAPERS, Slot
from webhook_engine.templating.template import Template, compile_template

__all__ = [
    "ESCAPERS",
    "Bounds",
    "Expression",
    "Kind",
    "OneRequest",
    "ParameterLike",
    "Place",
    "Slot",
    "Template",
    "compile_body",
    "compile_expression",
    "compile_template",
    "compile_url",
]
