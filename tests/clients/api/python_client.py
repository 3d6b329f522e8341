"""python_client.py DOCUMENT: the operations of an OpenAPI document as methods of a Python class, on standard output.

No generator of Python clients is in the registries that a build may ask; this one needs nothing but Python. The classes of what is
answered are quicktype's (python_types.mjs), in a module `orket_types` beside it.
"""
import json
import keyword
import re
import sys

HEAD = '''"""Generated from /openapi.json by python_client.py."""
import json
import urllib.error
import urllib.parse
import urllib.request

import orket_types


class ApiError(Exception):
    """A failure: an orket_types.Problem, and all that came with it."""

    def __init__(self, body):
        super().__init__(body["detail"])
        self.problem, self.body = orket_types.Problem.from_dict(body), body


class Client:
    def __init__(self, url, key):
        self.url, self.key = url, key

    def request(self, method, path, query, headers, body):
        given = {name: value for name, value in query.items() if value is not None}
        url = self.url + path + ("?" + urllib.parse.urlencode(given) if given else "")
        request = urllib.request.Request(url, method=method)
        request.add_header("Authorization", "Bearer " + self.key)
        for name, value in headers.items():
            if value is not None:
                request.add_header(name, value)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise ApiError(json.load(error)) from None
'''

METHOD = '''
    def {name}(self{arguments}):
        """{summary}"""
        text = self.request("{method}", {path}, {query}, {headers}, {body})
        return {answer}
'''


def argument(name):
    name = re.sub(r"\W", "_", name).lower()
    return name + "_" if keyword.iskeyword(name) else name


def kinds_of(operation):
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            return response["content"]
    return {}


# What a success becomes: a class where the answer is a component, else what JSON says, else bytes.
def answer_of(operation):
    kinds = kinds_of(operation)
    if "application/json" not in kinds:
        return "text"
    name = kinds["application/json"]["schema"].get("$ref", "").rpartition("/")[2]
    return "orket_types.%s.from_dict(json.loads(text))" % name if name else "json.loads(text)"


def mapping(parameters):
    return "{%s}" % ", ".join('"%s": %s' % (one["name"], argument(one["name"])) for one in parameters)


def method_of(path, method, operation):
    places = {"path": [], "query": [], "header": []}
    for one in operation["parameters"]:
        places[one["in"]].append(one)
    body = "requestBody" in operation
    names = [argument(one["name"]) for one in places["path"]] + (["body"] if body else [])
    names += [argument(one["name"]) + "=None" for one in places["query"] + places["header"]]
    return METHOD.format(
        name=operation["operationId"], arguments="".join(", " + name for name in names), summary=operation["summary"],
        method=method.upper(), query=mapping(places["query"]), headers=mapping(places["header"]),
        body="body" if body else "None", answer=answer_of(operation),
        path='f"%s"' % re.sub(r"{(\w+)}", lambda m: "{urllib.parse.quote(str(%s), safe='')}" % argument(m[1]), path))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    print(HEAD, end="")
    for path, methods in sorted(document["paths"].items()):
        for method, operation in sorted(methods.items()):
            print(method_of(path, method, operation), end="")


main()
