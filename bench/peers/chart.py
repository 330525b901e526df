"""A bar chart of ratios as SVG, readable on a light and on a dark background."""

COLOURS = ["#2f7ed8", "#e07b39", "#2a9d6f", "#9a6fd1", "#8a8a8a"]
WIDTH, LEFT, BAR, GAP, RIGHT = 760, 150, 14, 12, 60
STYLE = """<style>
text { font-family: system-ui, sans-serif; font-size: 13px; fill: #222 }
line { stroke: #888; stroke-width: 1 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } }
</style>"""


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def text(x, y, content, **attributes):
    more = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<text x="{x:.0f}" y="{y:.0f}"{more}>{escape(content)}</text>'


def rect(x, y, width, height, colour):
    return (f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.1f}" height="{height}" rx="2" '
            f'fill="{colour}"/>')


def legend(names, y):
    out, x = [], LEFT
    for name, colour in zip(names, COLOURS):
        out += [rect(x, y - 11, 12, 12, colour), text(x + 17, y, name)]
        x += 32 + 7.2 * len(name)
    return out


def panel(title, cases, names, y):
    """Bars of one kind with a scale of its own. Returns (elements, next y)."""
    longest = max(row["ratio"] for case in cases for row in case["rows"].values())
    scale = (WIDTH - LEFT - RIGHT) / longest
    out = [text(0, y, title, font_weight=600)]
    y += 12
    top = y
    for case in cases:
        rows = [(name, case["rows"][name]) for name in names if name in case["rows"]]
        middle = y + len(rows) * BAR / 2 + 5
        out.append(text(LEFT - 8, middle, f"{case['size']}, {case['batch']}", text_anchor="end"))
        for name, row in rows:
            length = row["ratio"] * scale
            out.append(rect(LEFT, y, length, BAR - 2, COLOURS[names.index(name)]))
            out.append(text(LEFT + length + 5, y + BAR - 3, f"{row['ratio']:.1f}"))
            y += BAR
        y += GAP
    out.append(f'<line x1="{LEFT}" x2="{LEFT}" y1="{top}" y2="{y - GAP}"/>')
    return out, y + 16


def svg(figures, titles):
    """Time relative to CASD; `figures` and `titles` as in report.py."""
    shown = [name for name in titles if any(name in case["rows"] for case in figures)]
    y = 20
    body = legend(shown, y)
    y += 34
    for kind, title in (("predict", "Prediction: time relative to CASD (size, samples in a batch)"),
                        ("train", "Training step: time relative to CASD")):
        cases = [case for case in figures if case["kind"] == kind]
        if cases:
            elements, y = panel(title, cases, shown, y)
            body += elements
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:.0f}" role="img" '
            'aria-label="Time of other libraries relative to CASD">')
    return "\n".join([head, STYLE, *body, "</svg>"]) + "\n"
