"""Style sheet and script of the conversation report."""

from __future__ import annotations

from collections.abc import Iterable

from erckit.reports.palette import LabelStyle

_SHEET = """
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--fg:#1b2430;--muted:#5b6675;--line:#dfe3e9;--soft:#eef1f5;
--link:#1d5fa8;--hatch:#9aa3af;--tint:13%}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:7rem;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",
"Helvetica Neue",Arial,sans-serif,"Apple Color Emoji","Segoe UI Emoji","Noto Color Emoji";
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
main,header,footer{max-width:1120px;margin:0 auto;padding:0 24px}
header{padding-top:36px}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .3rem;letter-spacing:-.015em}
h2{font-size:1.1rem;margin:2.2rem 0 .7rem}
p{margin:0}small{font-size:.8rem;color:var(--muted)}.muted{color:var(--muted)}
a{color:var(--link)}a:focus-visible,summary:focus-visible,select:focus-visible,button:focus-visible,
.strips:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:4px}
.model{color:var(--muted);max-width:100ch}
.facts{display:flex;flex-wrap:wrap;gap:.4rem 1.6rem;list-style:none;padding:0;margin:1rem 0 0}
.facts b{font-size:1.15rem;margin-right:.3rem}
.state{display:inline-block;margin-top:.9rem;padding:.35rem .7rem;border-radius:8px;background:var(--soft);
font-size:.88rem;border:1px solid var(--line)}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px}
.tools{position:sticky;top:0;z-index:3;background:var(--bg);border-bottom:1px solid var(--line);
padding:.6rem 0;margin-top:1.4rem;display:flex;flex-wrap:wrap;gap:.5rem 1.2rem;align-items:center}
.tools.long{position:static}
.legend{display:flex;flex-wrap:wrap;gap:.3rem .95rem;list-style:none;margin:0;padding:0;flex:1 1 24rem;font-size:.85rem}
.legend li{display:flex;align-items:center;gap:.35rem}
.legend i{width:.85rem;height:.85rem;border-radius:3px;background:var(--c)}
.legend .no,.share .no{background:repeating-linear-gradient(45deg,var(--hatch) 0 2px,transparent 2px 5px)}
.legend abbr{color:var(--muted);text-decoration:none;font-size:.75rem}
.filters{display:flex;flex-wrap:wrap;gap:.4rem;font-size:.85rem}.filters[hidden]{display:none}
select,button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:7px;
padding:.22rem .5rem;max-width:13rem}button{cursor:pointer}
.speakers{width:100%;border-collapse:collapse}
.speakers th,.speakers td{text-align:start;vertical-align:top;padding:.75rem 1rem;border-top:1px solid var(--line);
font-weight:400}
.speakers thead th{border:0;color:var(--muted);font-size:.8rem;padding-bottom:.35rem}
.speakers tbody th{width:20%;font-weight:600}.speakers tbody th small{display:block;font-weight:400}
.speakers td:nth-child(2){width:39%}
.share{display:flex;height:16px;border-radius:5px;overflow:hidden;gap:1px;margin:.25rem 0 .2rem}
.share i{background:var(--c);min-width:2px;flex-basis:0}
.call{white-space:nowrap}.quote{color:inherit;text-decoration:none}.quote:hover{text-decoration:underline}
q{quotes:"“" "”"}
.chip{display:inline-block;padding:.05rem .55rem;border-radius:99px;font-size:.82rem;font-weight:600;white-space:nowrap;
max-width:11rem;overflow:hidden;text-overflow:ellipsis;vertical-align:bottom;
background:color-mix(in srgb,var(--c) var(--tint),var(--card));border:1.5px solid var(--c)}
.chip.no{background:none;border:1.5px dashed var(--hatch);color:var(--muted);font-weight:500}
.no{--c:var(--hatch)}.pct{white-space:nowrap;font-weight:600;font-size:.85rem}.why{font-size:.8rem;color:var(--muted)}
.gold{font-size:.78rem;color:var(--muted);margin-inline-start:auto}
details.talk{margin:0 0 .9rem;overflow:clip}
details.talk>summary{display:flex;align-items:center;gap:.8rem;padding:.75rem 1rem;cursor:pointer;list-style:none}
details.talk>summary::-webkit-details-marker{display:none}
details.talk>summary::before{content:"";flex:none;width:.5rem;height:.5rem;border:solid var(--muted);
border-width:0 2px 2px 0;transform:rotate(-45deg);margin-inline-end:.1rem}
details.talk[open]>summary::before{transform:rotate(45deg) translate(-2px,-2px)}
details.talk>summary h3{font-size:1rem;margin:0;flex:0 1 auto}
details.talk>summary small{flex:none}
.band{flex:1 1 6rem;min-width:4rem;height:10px;border-radius:5px;background:var(--soft);shape-rendering:crispEdges}
path[class^=e],rect[class^=e]{fill:var(--c)}
rect.no{fill:none;stroke:var(--hatch);stroke-width:1.5;stroke-dasharray:3 2;pointer-events:all}
.course{display:flex;padding:.4rem 1rem .6rem;border-top:1px solid var(--line)}
.names{flex:none;width:9.5rem;padding-inline-end:.8rem;font-size:.85rem;font-weight:600}
.names div{display:flex;align-items:center}.names span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.names .axis{height:22px;font-weight:400;font-size:.75rem;color:var(--muted)}
.strips{overflow-x:auto;flex:1 1 auto;min-width:0}
.strips svg{display:block}.strips text{font-size:10px;fill:var(--muted);text-anchor:middle}
.strips a:hover rect{opacity:.65}.lane{fill:var(--soft)}
.said{list-style:none;margin:0;padding:0;border-top:1px solid var(--line)}
.said li{display:grid;grid-template-columns:3.2rem 8.5rem minmax(0,1fr) 17rem;gap:0 .9rem;
padding:.55rem 1rem .55rem .6rem;
border-bottom:1px solid var(--line);border-inline-start:5px solid var(--c);content-visibility:auto;
contain-intrinsic-size:auto 4.2rem}
.said li:last-child{border-bottom:0}.said li.no{border-inline-start-style:dotted}
.said li:target{background:color-mix(in srgb,var(--c,var(--hatch)) 12%,var(--card))}
.said li[hidden]{display:none}
.nr{color:var(--muted);text-decoration:none;text-align:end;font-size:.8rem;padding-top:.12rem}
.who b{font-weight:600}.who time{display:block;font-size:.78rem;color:var(--muted)}
.text{white-space:pre-wrap}
.verdict>div:first-child{display:flex;align-items:center;flex-wrap:wrap;gap:.2rem .5rem}
.bar{display:flex;gap:1px;height:5px;border-radius:3px;overflow:hidden;background:var(--soft);margin:.35rem 0 .1rem}
.bar i{background:var(--c);flex:none}
.verdict small{display:block;line-height:1.35}
.more{margin-top:.3rem}.more>summary{cursor:pointer;color:var(--link);padding:.4rem 1rem}
footer{padding-top:1.2rem;padding-bottom:3rem;color:var(--muted);font-size:.85rem}
footer p{max-width:80ch;margin:.35rem 0}
@media screen and (max-width:820px){main,header,footer{padding-inline:14px}.names{width:6rem}
.said li{grid-template-columns:2.2rem minmax(0,1fr);gap:.15rem .6rem}.said .who{display:flex;gap:.6rem}
.said .text,.said .verdict{grid-column:2}.speakers thead{display:none}
.speakers,.speakers tbody,.speakers tr,.speakers th,.speakers td{display:block;width:auto!important}
.speakers td,.speakers tbody th{padding:.3rem 1rem;border:0}
.speakers tr{border-top:1px solid var(--line);padding:.5rem 0}
.tools{position:static}details.talk>summary{flex-wrap:wrap}.band{flex-basis:100%}}
@media (prefers-color-scheme:dark){:root{--bg:#0f1318;--card:#171c23;--fg:#e7ebf0;--muted:#9aa6b5;--line:#2a323d;
--soft:#222933;--link:#7db8f5;--hatch:#7b8594;--tint:20%}}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
@media print{:root{--bg:#fff;--card:#fff;--fg:#000;--muted:#444;--line:#ccc;--soft:#eee;color-scheme:light}
body{font-size:10pt}.tools{position:static}.filters{display:none!important}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.said li{break-inside:avoid;content-visibility:visible;grid-template-columns:2.4rem 6.5rem minmax(0,1fr) 12rem}
.speakers tr,.course{break-inside:avoid}.strips{overflow:visible}.strips svg{max-width:100%;height:auto}
.card{border-radius:0}details::details-content{content-visibility:visible;display:block}}
"""

SCRIPT = """
(function(){
var box=document.querySelector('.filters'),who=document.getElementById('who'),what=document.getElementById('what'),
talks=[].slice.call(document.querySelectorAll('details.talk')),all=document.getElementById('all');
box.hidden=false;
function apply(){talks.forEach(function(t){var any=false;t.querySelectorAll('.said>li').forEach(function(r){
var ok=(!who.value||r.dataset.s===who.value)&&(!what.value||r.dataset.l===what.value);r.hidden=!ok;any=any||ok});
t.hidden=!any})}
who.onchange=what.onchange=apply;
if(all)all.onclick=function(){var open=talks.some(function(t){return !t.open});
talks.forEach(function(t){t.open=open});all.textContent=open?'Close all':'Open all'};
function go(){var r=location.hash&&document.getElementById(location.hash.slice(1));
var t=r&&r.closest('details.talk');if(t&&!t.open){t.open=true;r.scrollIntoView()}}
addEventListener('hashchange',go);go();
addEventListener('beforeprint',function(){talks.forEach(function(t){t.open=true})});
})();
"""


def style_sheet(styles: Iterable[LabelStyle]) -> str:
    """The page's CSS with the colours of its labels, for light, dark and paper."""
    known = list(styles)
    light = "".join(f".{style.css}{{--c:{style.light}}}" for style in known)
    dark = "".join(f".{style.css}{{--c:{style.dark}}}" for style in known)
    return f"{_SHEET}{light}\n@media screen and (prefers-color-scheme:dark){{{dark}}}\n"
