"""exposition.py: holds a page of /metrics (standard input) to the rules of `promtool check metrics`: it can be
parsed, each family has help and a type and stands in one piece, names have base units and end as their type
asks, a histogram's buckets grow and end in +Inf. Prints what breaks them; the exit code says whether anything did."""
import math
import re
import sys

from prometheus_client.parser import text_string_to_metric_families

NAME = re.compile(r"^[a-z_][a-z0-9_]*$")
UNITS = re.compile(r"_(milliseconds|ms|minutes|hours|days|kb|mb|kilobytes|megabytes|percent)(_|$)")
TYPES = re.compile(r"_(counter|gauge|histogram|summary)(_|$)")


def series_of(sample):
    return tuple(sorted((k, v) for k, v in sample.labels.items() if k != "le"))


def check_histogram(family, complain):
    buckets, counts, sums = {}, {}, set()
    for sample in family.samples:
        if sample.name.endswith("_bucket"):
            buckets.setdefault(series_of(sample), []).append((float(sample.labels["le"]), sample.value))
        elif sample.name.endswith("_count"):
            counts[series_of(sample)] = sample.value
        else:
            sums.add(series_of(sample))
    for series, list_ in buckets.items():
        bounds, values = [b for b, _ in list_], [v for _, v in list_]
        if bounds != sorted(set(bounds)) or bounds[-1] != math.inf:
            complain(family, "its bounds do not grow up to +Inf")
        if values != sorted(values) or values[-1] != counts.get(series) or series not in sums:
            complain(family, "its buckets do not add up")


def check_family(family, complain):
    if not family.documentation:
        complain(family, "it has no help")
    if family.type == "unknown":
        complain(family, "it has no type")
    if family.type == "histogram":
        check_histogram(family, complain)
    seen = set()
    for sample in family.samples:
        key = (sample.name, tuple(sorted(sample.labels.items())))
        if key in seen:
            complain(family, "a series stands twice: %s" % (key,))
        seen.add(key)
        if sample.value < 0 or sample.value != sample.value:
            complain(family, "a value that cannot be: %s" % sample.value)
    for name in {sample.name for sample in family.samples} | {family.name}:
        if not NAME.match(name) or UNITS.search(name) or TYPES.search(name):
            complain(family, "its name %s" % name)


def check_lines(text, complain):
    order, types = [], {}
    for line in text.splitlines():
        kind = re.match(r"^# TYPE (\S+) (\S+)$", line)
        if kind:
            types[kind.group(1)] = kind.group(2)
        name = re.match(r"^(?:# \w+ )?([a-zA-Z0-9_:]+)", line).group(1)
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        name = base if types.get(base) == "histogram" else name
        if not order or order[-1] != name:
            order.append(name)
    for name, kind in types.items():
        if order.count(name) != 1:
            complain(name, "it does not stand in one piece")
        if (kind == "counter") != name.endswith("_total"):
            complain(name, "_total is for counters, and for each of them")


def main():
    problems = []
    text = sys.stdin.read()

    def complain(what, why):
        problems.append("%s: %s" % (getattr(what, "name", what), why))

    if not text.endswith("\n"):
        problems.append("the last line does not end")
    for family in text_string_to_metric_families(text):
        check_family(family, complain)
    check_lines(text, complain)
    print("\n".join(problems), end="")
    return 1 if problems else 0


sys.exit(main())
