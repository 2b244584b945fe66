"""Renders templates with Python's Jinja2 3.1.6 as the transformers library sets it up: the oracle of the chat template tests."""
import copy
import json
import sys
from datetime import datetime

from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime(2026, 1, 2, 12, 34, 56)


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.Scope(body, lineno=line)


def environment():
    def raise_exception(message):
        raise TemplateError("raised: " + str(message))

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda f: NOW.strftime(f)
    return env


def case(template, context):
    """The template with its rendering, or with the message of its error."""
    context = copy.deepcopy(context)
    try:
        return {"template": template, "context": context, "rendered": environment().from_string(template).render(**context)}
    except Exception as e:
        message = str(e)
        raised = message.startswith("raised: ")
        return {"template": template, "context": context, "error": message[8:] if raised else type(e).__name__, "raised": raised}


if __name__ == "__main__":
    cases = json.load(sys.stdin)
    json.dump([case(c["template"], c["context"]) for c in cases], sys.stdout, ensure_ascii=True)
