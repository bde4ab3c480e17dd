"""
Names that target systems give to the wrapping of their answers.

They are compared without case and punctuation: `has_more`, `hasMore` and
`Has-More` are one name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final


def names(text: str) -> frozenset[str]:
    """
    A table of names, written as words.
    """
    return frozenset(text.split())


META: Final = names("""
    total totalcount totalsize totalrecords totalresults totalitems totalpages totalhits count recordcount
    resultcount numresults numfound size length limit offset start startat skip page pages pageno
    pagenumber pagesize pagecount perpage pageinfo pageindex currentpage lastpage
    paging pagination cursor cursors next nextpage nextpagetoken nextlink nextcursor nextrecordsurl nexturl
    previous prev previouspage prevpage hasmore hasnext hasnextpage morerecords more self links link
    additionaldata info meta metadata header headers jsonapi jsonrpc included odatacontext odatacount
    odatanextlink odatametadata context schema version apiversion
    status statuscode statustext code returncode resultcode responsecode httpstatus httpcode ok success successful
    issuccess succeeded done
    message messages msg
    error errors err errorcode errorno errno errormessage errormsg errordescription erroruri errordetail
    errortype fault faultcode faultstring faultactor exception exceptionmessage warning warnings
    haserror haserrors iserror
    timestamp servertime took tookms timedout duration elapsed executiontime shards maxscore
    requestid traceid correlationid transactionid query
    """)
"""What is told about an answer, and is not the answer."""

REMARKS: Final = META | names("""
    title text description detail details reason hint help moreinfo documentationurl instance path type time
    datetime date name target role actor node solution suberrors trace stacktrace class source fields
    """)
"""What may stand beside an error that is the whole answer."""

HOLDERS: Final = names("""
    data result results resultset record records row rows hits items item list entries entry elements objects
    collection value values response payload body content embedded documents docs
    """)
"""What holds the answer."""

SURE_HOLDERS: Final = names("data result results records rows hits")
"""Those that hold the records even beside members that say nothing of wrapping."""

_PUNCTUATION = re.compile(r"[\W_]+")


def plain(name: str) -> str:
    """
    *name* without case and punctuation; long ones are cut, for no name of the tables is long.
    """
    return _plain(name[:64])


# Cut before it is kept: a target system could send names as long as it likes.
@lru_cache(maxsize=1024)
def _plain(name: str) -> str:
    return _PUNCTUATION.sub("", name).lower()


def is_meta(name: str) -> bool:
    """
    Whether that is the name of something about the answer.
    """
    # Most names that are many are ids.
    return not name[:1].isdigit() and plain(name) in META


def is_holder(name: str) -> bool:
    """
    Whether that is the name of something that holds the answer.
    """
    return plain(name) in HOLDERS


def is_sure_holder(name: str) -> bool:
    """
    Whether a list of that name holds the records whatever stands beside it.
    """
    return plain(name) in SURE_HOLDERS


def is_remark(name: str) -> bool:
    """
    Whether that is the name of something that explains an error.
    """
    return plain(name) in REMARKS
