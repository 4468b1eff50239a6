"""Style sheet and script of the map of emotions."""

STYLE = """
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--fg:#1b2430;--muted:#566171;--line:#dfe3e9;--link:#1d5fa8;
--heat:#2a6fb5;--halo:#fff}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",
"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main,header,footer{max-width:1200px;margin:0 auto;padding:0 24px}header{padding-top:30px}footer{padding-bottom:3rem}
h1{font-size:1.6rem;line-height:1.2;margin:0 0 .5rem;overflow-wrap:anywhere}h2{font-size:1.15rem;margin:2rem 0 .6rem}
.facts{margin:0 0 1.2rem;padding-inline-start:1.1rem;color:var(--muted);font-size:.9rem;max-width:110ch}
.muted{color:var(--muted);font-size:.9rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px}
.map{padding:.8rem}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:0;padding:.1rem .4rem .6rem;font-size:.9rem}
.legend label{display:flex;align-items:center;gap:.35rem;cursor:pointer}.legend small{color:var(--muted)}
.legend input{accent-color:var(--link);margin:0}
html:not(.js) .legend input{display:none}
.chart{display:block;width:100%;height:auto;max-height:80vh}
.legend path,th path{fill:var(--c)}
.points{fill:var(--c);opacity:.62}.points use:hover{stroke:var(--fg);stroke-width:.25}
.mean use{fill:var(--c);stroke:var(--fg);stroke-width:.16}
.lead{stroke:var(--fg);stroke-width:1;fill:none}
.mean text{font-size:14px;font-weight:600;fill:var(--fg);paint-order:stroke;stroke:var(--halo);stroke-width:4px;
stroke-linejoin:round}
.off{display:none}
.scroll{overflow-x:auto}.scroll:focus-visible,input:focus-visible{outline:2px solid var(--link);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{padding:.4rem .6rem;border-top:1px solid var(--line);text-align:end;white-space:nowrap;font-weight:400}
thead th{border-top:0;color:var(--muted);font-size:.8rem;vertical-align:bottom}
tbody th,thead th:first-child{text-align:start}tbody th{font-weight:600}th svg{vertical-align:-1px}
td[style]{background:color-mix(in srgb,var(--heat) calc(var(--s)*.5),var(--card))}
@media (prefers-color-scheme:dark){:root{--bg:#0f1318;--card:#171c23;--fg:#e7ebf0;--muted:#9aa6b5;--line:#2a323d;
--link:#7db8f5;--heat:#3d7fc4;--halo:#171c23}.points{opacity:.8}}
@media print{*{print-color-adjust:exact;-webkit-print-color-adjust:exact}.legend input{display:none}}
"""

SCRIPT = """
(function(){
document.documentElement.classList.add('js');
document.querySelectorAll('.legend input').forEach(function(box){box.onchange=function(){
document.querySelectorAll('.chart g.'+box.dataset.l).forEach(function(g){g.classList.toggle('off',!box.checked)})}});
})();
"""
