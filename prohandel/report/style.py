"""How the report looks on a screen, light and dark, and on paper."""

STYLE = """
:root { color-scheme: light dark; --ink: #1c2633; --quiet: #56606c; --line: #dbe1e8; --page: #fff; --box: #f4f6f9;
  --now: #2f78c4; --before: #6b727c; --plan: #d06a0a; --good: #0b7a53; --bad: #b3293c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --quiet: #a3adb9; --line: #2f3945; --page: #12161c;
  --box: #1c232c; --now: #5b9bdb; --before: #a3adb9; --plan: #e08a35; --good: #63d2a4; --bad: #ff8f9c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.45 system-ui, "Segoe UI", Roboto, Arial,
  sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 24px 20px 40px; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.25rem; margin: 28px 0 8px; border-bottom: 2px solid var(--line);
  padding-bottom: 4px; } h3 { font-size: 1rem; margin: 18px 0 4px; }
header p { margin: 2px 0; } .quiet, footer { color: var(--quiet); font-size: .85rem; } footer { margin-top: 28px; }
.note { background: var(--box); border-left: 3px solid var(--plan); padding: 4px 10px; }
.headline { font-size: 1.05rem; }
.boxes { display: grid; grid-template-columns: repeat(4, 1fr); gap: 10px; margin: 10px 0; }
.to-do .boxes { grid-template-columns: repeat(5, 1fr); }
.box { border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; break-inside: avoid; }
.box .label { display: block; color: var(--quiet); font-size: .85rem; }
.box strong { display: block; font-size: 1.3rem; } .box small { color: var(--quiet); }
.good { color: var(--good); font-weight: 600; } .bad { color: var(--bad); font-weight: 600; }
figure { margin: 14px 0; break-inside: avoid; } figure svg { width: 100%; height: auto; }
.key::before { content: ""; display: inline-block; width: 14px; height: 3px; margin: 0 5px 3px 14px; }
.key.now::before { background: var(--now); height: 10px; margin-bottom: 0; } .key.before::before { background:
  var(--before); } .key.plan::before { background: var(--plan); }
svg .now { fill: var(--now); } svg .before { stroke: var(--before); stroke-width: 3; } svg .plan { stroke: var(--plan);
  stroke-width: 2.5; stroke-dasharray: 5 3; } svg .grid { stroke: var(--line); } svg .axis { fill: var(--quiet);
  font-size: 12px; } svg .more { fill: var(--now); } svg .less { fill: var(--bad); }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; } thead { display: table-header-group; }
th, td { text-align: right; padding: 4px 8px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--quiet); font-weight: 600; } th.text, td.text { text-align: left; white-space: normal; }
td.text { min-width: 7em; } tr { break-inside: avoid; }
.difference { width: 90px; height: 12px; vertical-align: middle; }
@media screen and (max-width: 700px) { .boxes, .to-do .boxes { grid-template-columns: repeat(2, 1fr); }
  .key { display: inline-block; } }
@page { size: A4; margin: 14mm 12mm; }
@media print { :root { color-scheme: light; --ink: #000; --quiet: #444; --line: #ccc; --page: #fff; --box: #f4f6f9;
  --now: #2f78c4; --before: #6b727c; --plan: #d06a0a; --good: #0b7a53; --bad: #b3293c; }
  body { font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; } main { padding: 0;
  max-width: none; } h2, h3 { break-after: avoid; } .to-do { break-before: page; } .table { overflow: visible; }
  table { font-size: 8pt; } th, td { padding: 2px 4px; } th { white-space: normal; } td.text { min-width: 0; }
  .difference { width: 60px; } }
"""
