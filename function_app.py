"""Composition of the function app: its blueprints, and nothing else."""

import azure.functions as func

from functions.act import blueprint as act
from functions.classify import blueprint as classify
from functions.console import blueprint as console
from functions.deliver import blueprint as deliver
from functions.imap import blueprint as imap
from functions.mailbox import blueprint as mailbox
from functions.push import blueprint as push
from functions.tick import blueprint as tick

app = func.FunctionApp()
for blueprint in (tick, mailbox, imap, classify, act, deliver, push, console):
    app.register_functions(blueprint)
