"""
ONE TABLE of every address of the console.
"""

from __future__ import annotations

from typing import Final

from webhook_engine.console.pages import (
    account,
    agents,
    bulk,
    deliveries,
    desktop,
    drifting,
    explaining,
    groups,
    history,
    home,
    keys,
    members,
    monitoring,
    replaying,
    rules,
    sign_in,
    simulator,
    targets,
    tenant,
    trial,
    users,
    webhooks,
    why,
)
from webhook_engine.console.visit import Route
from webhook_engine.store.users import Role

_NOBODY: Final = None
_AGENT, _MANAGER, _ADMIN = Role.AGENT, Role.MANAGER, Role.ADMINISTRATOR


_CENTRE: Final = "Integration Centre"
_OPERATION: Final = "Operation"
_API: Final = "API"

# One line for each, which the formatter would break.
# fmt: off
ROUTES: Final[tuple[Route, ...]] = (
    # Before anybody is signed in
    Route("GET", "/sign-in", _NOBODY, sign_in.show, "sign_in"),
    Route("POST", "/sign-in", _NOBODY, sign_in.sign_in, "sign_in"),
    Route("GET", "/first", _NOBODY, sign_in.show_first, "first"),
    Route("POST", "/first", _NOBODY, sign_in.make_first, "first"),
    Route("GET", "/asset", _NOBODY, home.asset, "asset"),
    # Everybody
    Route("GET", "/", _AGENT, home.home, "home", nav="Overview"),
    Route("POST", "/sign-out", _AGENT, sign_in.sign_out, "sign_out"),
    Route("GET", "/account", _AGENT, account.show, "account"),
    Route("POST", "/account", _AGENT, account.store, "account"),
    # The agent desktop
    Route("GET", "/desktop", _AGENT, desktop.desktop, "desktop", nav="Agent desktop"),
    Route("GET", "/desktop/stream", _AGENT, desktop.stream, "desktop_stream"),
    Route("POST", "/desktop/run", _AGENT, desktop.run, "desktop_run"),
    Route("POST", "/desktop/link", _AGENT, desktop.link, "desktop_link"),
    Route("POST", "/desktop/dismiss", _AGENT, desktop.dismiss, "desktop_dismiss"),
    # Webhooks
    Route("GET", "/webhooks", _MANAGER, webhooks.webhooks, "webhooks", nav="Webhooks", section=_CENTRE),
    Route("GET", "/webhook", _MANAGER, webhooks.edit, "webhook"),
    Route("POST", "/webhook", _ADMIN, webhooks.store, "webhook"),
    Route("POST", "/webhook/preview", _MANAGER, webhooks.show_preview, "webhook_preview"),
    Route("POST", "/webhook/replay", _MANAGER, replaying.show, "webhook_replay"),
    Route("POST", "/webhook/accept", _ADMIN, drifting.accept, "webhook_accept"),
    Route("GET", "/webhook/line", _MANAGER, webhooks.line, "webhook_line"),
    Route("POST", "/webhook/delete", _ADMIN, webhooks.remove, "webhook_delete"),
    Route("GET", "/webhook/test", _MANAGER, trial.show, "webhook_test"),
    Route("POST", "/webhook/test", _ADMIN, trial.send, "webhook_test"),
    Route("POST", "/webhook/read-again", _ADMIN, trial.read_again, "webhook_read_again"),
    Route("POST", "/webhook/columns", _ADMIN, trial.configure, "webhook_columns"),
    Route("GET", "/webhook/agent-view", _MANAGER, trial.agent_view, "webhook_agent_view"),
    # Groups and their members
    Route("GET", "/groups", _MANAGER, groups.groups, "groups", nav="Groups", section=_CENTRE),
    Route("GET", "/group", _MANAGER, groups.edit, "group"),
    Route("POST", "/group", _ADMIN, groups.store, "group"),
    Route("POST", "/group/delete", _ADMIN, groups.remove, "group_delete"),
    Route("GET", "/group/members", _MANAGER, members.members, "members"),
    Route("GET", "/group/members/uses", _MANAGER, members.uses, "members_uses"),
    Route("POST", "/group/members", _ADMIN, members.store, "members"),
    Route("POST", "/group/members/remove", _ADMIN, members.remove, "members_remove"),
    # Rules, and calls to try them on
    Route("GET", "/rules", _MANAGER, rules.rules, "rules", nav="Rules", section=_CENTRE),
    Route("GET", "/rule", _MANAGER, rules.edit, "rule"),
    Route("POST", "/rule", _ADMIN, rules.store, "rule"),
    Route("GET", "/rule/line", _MANAGER, rules.line, "rule_line"),
    Route("POST", "/rule/move", _ADMIN, rules.move, "rule_move"),
    Route("POST", "/rule/delete", _ADMIN, rules.remove, "rule_delete"),
    Route("GET", "/why", _MANAGER, why.show, "why", nav="Why did it fire?", section=_CENTRE),
    Route("POST", "/why", _MANAGER, why.explain, "why"),
    Route("GET", "/simulator", _ADMIN, simulator.show, "simulator", nav="Call simulator", section=_CENTRE),
    Route("POST", "/simulator", _ADMIN, simulator.play, "simulator"),
    # What all of them share
    Route("GET", "/agents", _MANAGER, agents.agents, "agents", nav="Agents", section=_CENTRE),
    Route("POST", "/agents", _ADMIN, agents.store, "agents"),
    Route("POST", "/agents/delete", _ADMIN, agents.remove, "agent_delete"),
    Route("GET", "/tenant", _MANAGER, tenant.edit, "tenant", nav="Tenant", section=_CENTRE),
    Route("POST", "/tenant", _ADMIN, tenant.store, "tenant"),
    Route("GET", "/users", _ADMIN, users.users, "users", nav="Users", section=_CENTRE),
    Route("POST", "/users", _ADMIN, users.store, "users"),
    Route("POST", "/users/change", _ADMIN, users.change, "user_change"),
    Route("POST", "/users/remove", _ADMIN, users.remove, "user_remove"),
    Route("GET", "/history", _MANAGER, history.history, "history", nav="History", section=_CENTRE),
    Route("POST", "/history/restore", _ADMIN, history.restore, "history_restore"),
    # Deliveries and target systems
    Route("GET", "/deliveries", _MANAGER, deliveries.deliveries, "deliveries", nav="Deliveries", section=_OPERATION),
    Route("GET", "/deliveries/chart", _MANAGER, deliveries.chart, "deliveries_chart"),
    Route("GET", "/delivery", _MANAGER, deliveries.delivery, "delivery"),
    Route("GET", "/why/recorded", _MANAGER, explaining.recorded, "recorded_explanation"),
    Route("GET", "/delivery/explanation", _MANAGER, explaining.explanation, "delivery_explanation"),
    Route("POST", "/delivery", _ADMIN, deliveries.change, "delivery"),
    Route("POST", "/deliveries/bulk", _ADMIN, bulk.begin, "deliveries_bulk"),
    Route("GET", "/deliveries/work", _MANAGER, bulk.show, "work"),
    Route("POST", "/deliveries/work/stop", _ADMIN, bulk.stop, "work_stop"),
    Route("GET", "/targets", _MANAGER, targets.targets, "targets", nav="Targets", section=_OPERATION),
    Route("POST", "/targets/resume", _ADMIN, targets.resume, "targets_resume"),
    # Keys of other systems, and what they do
    Route("GET", "/keys", _ADMIN, keys.keys, "keys", nav="API Manager", section=_API),
    Route("POST", "/keys", _ADMIN, keys.store, "keys"),
    Route("POST", "/keys/remove", _ADMIN, keys.remove, "key_remove"),
    Route("GET", "/monitoring", _MANAGER, monitoring.monitoring, "monitoring", nav="API Monitoring", section=_API),
    Route("GET", "/monitoring/actions", _MANAGER, monitoring.actions, "monitoring_actions"),
    Route("GET", "/monitoring/csv", _MANAGER, monitoring.export, "monitoring_csv"),
)
# fmt: on
"""In the order of the navigation; a page and what its form sends share their path and their name."""
