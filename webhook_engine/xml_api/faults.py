"""
ONE TABLE of what the XML API says instead of an answer: each error is its sentence.

The order is that in which a request is looked at; where two things are wrong, the first is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from webhook_engine.errors import ActionRefused


class InputNotLoaded(ActionRefused):
    """
    The body is no XML that is read here: damaged, too large, too deep, or with a document type.
    """

    sentence: ClassVar[str] = "Input XML not loaded"


class NoDocumentElement(ActionRefused):
    """
    The outermost element is not `XML`, in capitals.
    """

    sentence: ClassVar[str] = "No Document Element"


class AuthorizationFailed(ActionRefused):
    """
    `Tenant/Name` and `Tenant/Auth` are no tenant and one of its keys.
    """

    sentence: ClassVar[str] = "Authorization Failed"


class NoActionDefined(ActionRefused):
    """
    `ActionName` is missing, empty, or there twice.
    """

    sentence: ClassVar[str] = "No Action Defined"


class ActionNotFound(ActionRefused):
    """
    No action has that name.
    """

    sentence: ClassVar[str] = "Action Name Not Found"


class PermissionDenied(ActionRefused):
    """
    The key is for other actions.
    """

    sentence: ClassVar[str] = "Permission Denied"


class ConcurrentCallsExceeded(ActionRefused):
    """
    As many requests of the tenant for this action are under way as it allows; a later one may pass.
    """

    sentence: ClassVar[str] = "Concurrent API Calls Exceeded"


class IncorrectParameters(ActionRefused):
    """
    An input is missing, empty, there twice or out of its range, or names nothing that is there.
    """

    sentence: ClassVar[str] = "Incorrect Input Parameters. Please check the documentation"


class NotOfTenant(ActionRefused):
    """
    An input names an extension of another tenant, or one that the tenant does not have.
    """

    sentence: ClassVar[str] = "That username is not part of this Tenant"


class SipServerNotFound(ActionRefused):
    """
    The telephone system that the action asks cannot be reached, or there is none.
    """

    sentence: ClassVar[str] = "Sip Server not found"


class DatabaseFailed(ActionRefused):
    """
    A fault behind the API; its log has the cause. A later request may pass.
    """

    sentence: ClassVar[str] = "I'm sorry, connection to one or more of the databases failed"


FAULTS: Mapping[str, type[ActionRefused]] = MappingProxyType(
    {
        each.sentence: each
        for each in (
            InputNotLoaded,
            NoDocumentElement,
            AuthorizationFailed,
            NoActionDefined,
            ActionNotFound,
            PermissionDenied,
            ConcurrentCallsExceeded,
            IncorrectParameters,
            NotOfTenant,
            SipServerNotFound,
            DatabaseFailed,
        )
    }
)
"""Sentence on the wire -> error, in the order in which they are looked for."""
