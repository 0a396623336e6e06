"""The OpenAPI 3.1 document, generated from the routes, their docstrings and pydantic models."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any, ParamSpec

from flask import Flask, Response
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode
from werkzeug.routing import Rule

from app.api.responses import ErrorOut, ValidationErrorOut, adapter, dump
from app.json_io import json_response
from app.schemas import ID_MAX, Input, PageQuery

P = ParamSpec("P")
_VARIABLE = re.compile("<(?:[^<>:]*:)?([^<>:]+)>")


@dataclass(frozen=True, slots=True)
class Operation:
    """The inputs and responses of a route, as a decorator that serializes the value of its view.

    `output` is the model of the response's body, a list of one, or None for a body that is not JSON, whose media type
    is `text`. `also` are other statuses with the same body.
    """

    tag: str
    output: Any
    status: int = 200
    also: tuple[int, ...] = ()
    text: str = ""
    query: type[PageQuery] | None = None
    body: type[Input] | None = None
    problems: tuple[int, ...] = ()
    headers: tuple[str, ...] = ()

    def __call__(self, view: Callable[P, object]) -> Callable[P, Response]:
        """Return the view with its value, or the first of (value, status, headers), serialized by `output`."""

        @wraps(view)
        def respond(*args: P.args, **kwargs: P.kwargs) -> Response:
            answer = view(*args, **kwargs)
            if isinstance(answer, Response):
                return answer
            value, status, headers = answer if isinstance(answer, tuple) else (answer, self.status, None)
            return json_response(dump(self.output, value), status, headers)

        respond.__dict__["operation"] = self
        return respond


_HEADERS = {
    "X-Total-Count": {"description": "number of items over all pages", "schema": {"type": "integer"}},
    "Link": {"description": "URLs of the neighbouring pages (RFC 8288)", "schema": {"type": "string"}},
    "Location": {"description": "URL of the movie", "schema": {"type": "string"}},
}


def build_document(app: Flask) -> dict[str, Any]:
    """Return the whole document for the marked routes of `app`."""
    routes = [
        (rule, method.lower(), view, view.__dict__["operation"])
        for rule in app.url_map.iter_rules()
        if "operation" in (view := app.view_functions[rule.endpoint]).__dict__
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    schemas, components = _schemas([operation for *_, operation in routes])
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, view, operation in routes:
        template = _VARIABLE.sub(r"{\1}", rule.rule)  # `/movies/<int:id>` becomes `/movies/{id}`
        paths.setdefault(template, {})[method] = _describe(rule, view, operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "감평",
            "version": app.config["VERSION"],
            "description": "Movies and Korean reviews, whose ratings a language model computes from their texts.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {"schemas": components},
    }


def _schemas(operations: list[Operation]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Return the schemas of bodies by (model, mode), and the definitions to which they refer."""
    bodies: list[tuple[Any, JsonSchemaMode]] = [(ErrorOut, "serialization"), (ValidationErrorOut, "serialization")]
    bodies += [(operation.output, "serialization") for operation in operations if operation.output]
    bodies += [(operation.body, "validation") for operation in operations if operation.body]
    schemas, definitions = TypeAdapter.json_schemas(
        [(body, mode, adapter(body)) for body, mode in bodies], ref_template="#/components/schemas/{model}"
    )
    return schemas, definitions["$defs"]


def _describe(rule: Rule, view: Callable[..., Any], operation: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    summary, _, description = (view.__doc__ or "").strip().partition("\n")
    described = {
        "operationId": view.__name__,
        "summary": summary.rstrip("."),
        "description": " ".join(description.split()),
        "tags": [operation.tag],
        "parameters": _path_parameters(rule) + _query_parameters(operation.query),
        "responses": _responses(rule, operation, schemas),
    }
    if operation.body:
        described["requestBody"] = {"required": True, "content": _content(schemas[operation.body, "validation"])}
    return described


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    schema = {"type": "integer", "minimum": 1, "maximum": ID_MAX}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in sorted(rule.arguments)]


def _query_parameters(query: type[PageQuery] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    schema = query.model_json_schema()
    kinds = schema.get("$defs", {})

    def inline(part: dict[str, Any]) -> dict[str, Any]:
        choice = next((item for item in part.get("anyOf", []) if "$ref" in item), part)
        default = {"default": part["default"]} if part.get("default") is not None else {}
        return {**kinds[choice["$ref"].rsplit("/", 1)[1]], **default} if "$ref" in choice else part

    return [
        {"name": name, "in": "query", "required": False, "schema": inline(part)}
        for name, part in schema["properties"].items()
    ]


def _responses(rule: Rule, operation: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {}
    if operation.output is not None:
        success["content"] = _content(schemas[operation.output, "serialization"])
    if operation.text:
        success["content"] = {operation.text: {"schema": {"type": "string"}}}
    headers = ("X-Total-Count", "Link") if operation.query else operation.headers
    if headers:
        success["headers"] = {name: _HEADERS[name] for name in headers}
    good = sorted({operation.status, *operation.also})
    problems = set(operation.problems) | ({404} if rule.arguments else set())
    if operation.query:
        problems.add(422)
    if operation.body:
        problems |= {400, 413, 415, 422, 429}
    documented = {str(status): {"description": HTTPStatus(status).phrase, **success} for status in good}
    for status in sorted(problems):
        schema = schemas[ValidationErrorOut if status == 422 else ErrorOut, "serialization"]
        documented[str(status)] = {"description": HTTPStatus(status).phrase, "content": _content(schema)}
    return documented


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
