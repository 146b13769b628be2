# SPDX-License-Identifier: Apache-2.0
"""Figures as text: one number, and the last whole table between two marks of README.md, made of results/latest.json and nothing else."""
import json

BEGIN, END = "<!-- figures: written by ./run bench --readme -->", "<!-- end of figures -->"
WORDS = {"goal": "holds", "minimum": "minimum holds", "missed": "**missed**", "failed": "**not measured**", "not built": "not built"}


def number(value):
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}"


def counts(rows):
    """(goals, minimums, rows that are built)."""
    verdicts = [row["verdict"] for row in rows.values()]
    return verdicts.count("goal"), verdicts.count("goal") + verdicts.count("minimum"), len(verdicts) - verdicts.count("not built")


def markdown(results):
    goals, minimums, built = counts(results["rows"])
    machine = results["machine"]
    lines = [f"{goals} of {built} goals and {minimums} of {built} minimums hold; {results['date'][:10]}, commit {results['commit'][:7]}"
             f"{' with changes' if results['changed'] else ''}, {machine['cpu']}, {machine['cores']} cores, "
             f"load {machine['load_at_start']:.1f} at the start.", "",
             "| what | measured | peer or limit | judged | goal / least | |", "|---|---|---|---|---|---|"]
    for name, row in results["rows"].items():
        judged = f"{number(row['value'])} {'x' if row['judged'] == 'ratio' else row['judged']}" if "value" in row else "-"
        lines.append(f"| {row['what']} (`{name}`) | {number(row.get('ours'))} {row['unit']} | {number(row.get('peer'))} | {judged} | "
                     f"{number(row['goal'])} / {number(row['least'])} | {WORDS[row['verdict']]} |")
    return "\n".join(lines)


def readme(results, path, check):
    """Writes the block, or (check) returns 1 when what stands there is another. Without results nothing is wanted."""
    text = path.read_text()
    if not results.exists():
        print("bench: no whole table was measured yet")
        return 0 if check else 1
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        print(f"bench: {path.name} has no place for the figures: the lines '{BEGIN}' and '{END}'")
        return 1
    head, rest = text.split(BEGIN)
    wanted = head + BEGIN + "\n" + markdown(json.loads(results.read_text())) + "\n" + END + rest.split(END)[1]
    if check:
        print("bench: the figures are those of the last whole table" if wanted == text else "bench: run ./run bench --readme")
        return 0 if wanted == text else 1
    path.write_text(wanted)
    return 0
