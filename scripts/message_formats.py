"""Reads the formats of messages from the source: C++ and scripts. A part of scripts/messages."""
import itertools
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOLE = None  # in a message: a value that is put in
ERROR_HEADER = (ROOT / "include/alexnet/core/error.hpp").read_text()
CODES = {name: int(number) for name, number in re.findall(r"^  (\w+) = (\d+),", ERROR_HEADER, re.MULTILINE)}
LITERAL = r'"((?:[^"\\]|\\.)*)"'
CALL = re.compile(r"(?<![\w:.>])(?:alexnet::)?(fail|throw Error|log::warning|log::error|\w+(?:\.|->)remarks\.push_back)\(")


def code_of(text):
    found = re.search(r"ExitCode::(\w+)", text)
    return CODES[found[1]] if found else None


def without_comments(text):
    return re.sub(LITERAL + r"|'(?:[^'\\\n]|\\.)'|//[^\n]*", lambda m: m[0] if m[0][0] in "\"'" else "", text)


def split(text, separators, start=0):
    """Splits at separators outside of brackets and literals, up to the bracket that closes what began before `start`: parts, end."""
    parts, depth, begin, at = [], 0, start, start
    while at < len(text):
        skipped = re.compile(LITERAL + r"|'(?:[^'\\]|\\.)'|::|->").match(text, at)
        if skipped:
            at = skipped.end()
            continue
        if text[at] in ")]}" and depth == 0:
            break
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0 and text[at] in separators:
            parts.append(text[begin:at].strip())
            begin = at + 1
        at += 1
    return parts + [text[begin:at].strip()], at


def pieces_of(format_string):
    found = re.split(r"(\{\{|\}\}|\{[^{}]*\})", format_string)
    return [HOLE if part.startswith("{") and part.endswith("}") else {"{{": "{", "}}": "}"}.get(part, part) for part in found if part]


def texts_of(expression, source, is_format):
    """What a C++ expression can be, as lists of pieces: literals, +, ?:, fmt::format and functions of this file that return such."""
    condition, _ = split(expression, "?")
    if len(condition) > 1:
        branches, _ = split("?".join(condition[1:]), ":")
        branches = [branch for branch in (branches[0], ":".join(branches[1:])) if branch != '""']
        return [text for branch in branches for text in texts_of(branch, source, is_format)]
    terms, _ = split(expression, "+")
    if len(terms) > 1:
        return [sum(parts, []) for parts in itertools.product(*(texts_of(term, source, is_format) for term in terms))]
    if re.fullmatch(rf"(?:std::string\()?\s*(?:{LITERAL}\s*)+\)?", expression):
        text = re.sub(r"\\(.)", r"\1", "".join(re.findall(LITERAL, expression)))
        return [pieces_of(text) if is_format else [text]]
    call = re.fullmatch(r"([\w:]+)\((.*)\)", expression, re.DOTALL)
    if call and call[1] == "fmt::format":
        return texts_of(split(call[2], ",")[0][0], source, True)
    body = call and re.search(rf"^std::string {call[1].split('::')[-1]}\([^;{{]*\{{\n(.*?)^\}}", source, re.DOTALL | re.MULTILINE)
    if body:
        return [text for returned in re.findall(r"\breturn ([^;]*);", body[1]) for text in texts_of(returned, source, False)]
    return [[HOLE]]


def forwarders_of(source):
    """[[noreturn]] functions that hand their parameters on to fail(): name -> parameters, code, format, what is put in."""
    found = {}
    for match in re.finditer(r"\[\[noreturn\]\]|\nvoid \w+::(?=fail)", source):
        head = re.compile(r"[\w\s:]*?(\w+)\(").match(source, match.end())
        if not head:
            continue
        parameters, end = split(source, ",", head.end())
        names = [re.split(r"\s*=", parameter)[0].split()[-1].lstrip("&*.") for parameter in parameters if parameter]
        body = source[end : source.find("\n  }\n" if source[match.start() - 1] == " " else "\n}\n", end)]
        call = re.search(r"\bfail\(", body) if re.match(r"\)[\sa-z]*\{", body) else None
        arguments = split(body, ",", call.end())[0] if call else []
        values = [re.sub(r"^fmt::format\((\w+),.*", r"\1", value, flags=re.DOTALL) for value in arguments[2:]]
        if set(values) & set(names):
            found[head[1]] = (names, arguments[0], arguments[1], values)
    return found


def cpp_messages(path):
    """(kind, code, pieces) of each message in a file."""
    source = without_comments(path.read_text())
    forwarders = forwarders_of("".join(without_comments(near.read_text()) for near in path.parent.glob(path.stem + ".?pp")))
    for match in CALL.finditer(source):
        arguments, end = split(source, ",", match.end())
        if match[1] in ("fail", "throw Error"):
            if "ExitCode code" not in arguments[0] and not any(arguments[1] == known[2] for known in forwarders.values()):
                yield from (("error", code_of(arguments[0]), text) for text in texts_of(arguments[1], source, match[1] == "fail"))
        elif match[1] == "log::error":
            yield from (("error", code_of(source[end : end + 300]), text) for text in texts_of(arguments[0], source, True))
        else:  # the remarks of a source of pictures become warnings of prepare
            yield from (("warning", None, text) for text in texts_of(arguments[0], source, True))
    for name, (names, code, form, values) in forwarders.items():
        for match in re.finditer(rf"(?<!void )(?<!::)\b{name}\(", source):
            given = dict(zip(names, split(source, ",", match.end())[0]))
            fills = [texts_of(given[value], source, "format" in names) if value in given else [[HOLE]] for value in values]
            for chosen in map(iter, itertools.product(*fills)):
                pieces = texts_of(form, source, True)[0]
                yield "error", code_of(code), [part for piece in pieces for part in (next(chosen) if piece is HOLE else [piece])]


def script_messages(path):
    text = path.read_text()
    codes = {}
    for names, values in re.findall(r"^([A-Z_, ]+) = ([\d, ]+)(?:#.*)?$", text, re.MULTILINE):
        codes.update(zip(names.split(", "), values.split(", ")))
    words = r'"(?P<prefix>error: )?(?P<words>(?:[^"\\]|\\.)*)"(?P<more> \+)?'
    forms = (rf'\bstop[ (]"?(?P<code>[\w$]+)"?,? f?{words}', rf"echo {words} >&2(?:; |\n\s*)exit (?P<code>\d+)", rf"sys\.exit\(f?{words}(?P<code>)\)")
    for found in (found for form in forms for found in re.finditer(form, text)):
        code = codes.get(found["code"], found["code"] or "1")
        full = found["words"] if found["prefix"] else f"{path.name}: {found['words']}"
        full += "{}" if found["more"] else ""
        parts = re.split(r"(\$\{[^}]*\}|\$\w+|\{[^{}]*\})", full)
        yield "error", int(code) if code.isdigit() else None, [HOLE if part[0] in "${" else part for part in parts if part]


def formats_of_source():
    """(file, kind, exit code or None, pieces) of every message: kind is error or warning, pieces are texts and HOLEs."""
    cpp = [path for folder in ("src", "include") for path in sorted((ROOT / folder).rglob("*.?pp"))]
    scripts = [path for path in sorted((ROOT / "scripts").iterdir()) if path.is_file()]
    for path in cpp + scripts:
        for kind, code, pieces in cpp_messages(path) if path in cpp else script_messages(path):
            if any(re.search(r"[a-z]{2}", piece) for piece in pieces if piece):  # "{}: {}" only carries another message
                yield str(path.relative_to(ROOT)), kind, code, pieces
