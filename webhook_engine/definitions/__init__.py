"""
What an integrator writes down: groups, webhooks, rules and tests, from TOML to compiled definitions.
"""
