"""The table of attacks: from lines of JSON, one for each, to standard output and into a page of docs."""

import json
import re
import sys

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
LONGEST = 160


def cell(text: str) -> str:
    """One line of text as a cell of a Markdown table."""
    for mark, code in (("&", "&amp;"), ("<", "&lt;"), ("|", "\\|")):
        text = text.replace(mark, code)
    return text


def reason(text: str) -> str:
    """What a check says, without the arguments of the call, the lines of the program and the run's own paths."""
    text = text.split("The arguments were")[0].split("\n")[0].strip()
    text = re.sub(r"/tmp/\.tmp\w+", "/tmp/...", text)
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] + " ..."


def table(lines: list) -> str:
    """The rows by family, with a count above."""
    rows = {(line["family"], line["name"]): line for line in lines}
    families = sorted({family for family, _ in rows})
    text = f"{len(rows)} attacks, each contained.\n"
    for family in families:
        text += f"\n### {family.capitalize()}\n\n| entry | tried | contained by | verdict | reason |\n|---|---|---|---|---|\n"
        for (_, name), line in sorted(row for row in rows.items() if row[0][0] == family):
            cells = [f"`{name}`", line["tries"], line["by"], line["verdict"], reason(line["reason"])]
            text += "| " + " | ".join(cell(one) for one in cells) + " |\n"
    return text


def main(seen: str, page: str = "") -> None:
    """Prints the table and puts it between the page's marks, if one is given."""
    with open(seen, encoding="utf-8") as file:
        made = table([json.loads(line) for line in file])
    print(made)
    if not page:
        return
    with open(page, encoding="utf-8") as file:
        text = file.read()
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    with open(page, "w", encoding="utf-8") as file:
        file.write(f"{head}{BEGIN}\n\n{made}\n{END}{tail}")


if __name__ == "__main__":
    main(*sys.argv[1:])
