"""Evidence and configuration in, Decision out. Pure: no network, no storage, no clock, no environment.

::

    decide.py      the order of things: guards, links, thread, rules, what Postrum does by itself, the placement
    guards.py      mail that is never imported: written by machines, spoofed, here already
    links.py       keywords in the subject and the numbers behind them
    conditions.py  a tree of All, Any, Not and Test, evaluated with a trace
    fields.py      the table of what a condition may look at
    operators.py   the table of how it may compare
    patterns.py    regular expressions in linear time and bounded memory
    plan.py        the actions of a decision, brought into their order
    check.py       what is wrong with a configuration, before it is used
    folders.py     moves that would go in circles
    reach.py       rules that can never match, or are never reached
    explain.py     the trace of a decision as lines for a person
    text.py        comparing and showing text that somebody outside wrote
    trace.py       collecting the trace, within limits
"""
