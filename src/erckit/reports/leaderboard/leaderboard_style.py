"""Style sheet and script of the leaderboard's page."""

STYLE = """
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--fg:#1b2430;--muted:#566171;--line:#dfe3e9;--soft:#eef1f5;
--link:#1d5fa8;--own:#0b5cad;--other:#b45309}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",
"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main,header,footer{max-width:1440px;margin:0 auto;padding:0 24px}
header{padding-top:32px}footer{padding-top:1rem;padding-bottom:3rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .5rem;letter-spacing:-.015em}
h2{font-size:1.2rem;margin:2.6rem 0 .2rem;overflow-wrap:anywhere}
h3{font-size:.95rem;margin:1.3rem 0 .4rem}
p{margin:.3rem 0;max-width:110ch}.muted,.facts{color:var(--muted)}.facts{font-size:.9rem;margin-bottom:.8rem}
a{color:var(--link)}
nav ul{list-style:none;margin:1rem 0 0;padding:0;display:flex;flex-wrap:wrap;gap:.4rem .6rem}
nav a{display:inline-block;padding:.15rem .6rem;border:1px solid var(--line);border-radius:99px;background:var(--card);
font-size:.88rem;text-decoration:none}nav a:hover{text-decoration:underline}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px}
.scroll{overflow-x:auto}
a:focus-visible,button:focus-visible,summary:focus-visible,.scroll:focus-visible,.chart:focus-visible{
outline:2px solid var(--link);outline-offset:2px;border-radius:4px}
table{border-collapse:collapse;width:100%;font-size:.86rem}
th,td{padding:.4rem .55rem;text-align:start;vertical-align:top;border-top:1px solid var(--line);white-space:nowrap;
font-weight:400}
thead th{border-top:0;color:var(--muted);font-size:.8rem;vertical-align:bottom;padding-block:.35rem}
tbody th{font-weight:600;position:sticky;left:0;background:var(--card);z-index:1}
td.wide,td.some,tbody th{white-space:normal}td.wide{min-width:13rem}td.some{min-width:6.2rem}
tbody th{min-width:8.5rem;max-width:17rem;overflow-wrap:anywhere}td.number,th.number{text-align:end}
td.score{font-weight:600}td.test{color:var(--other);font-weight:600}
thead button{font:inherit;color:inherit;background:none;border:0;padding:0;margin:0;cursor:pointer;text-align:inherit;
white-space:normal}
thead button:hover{text-decoration:underline}
th[aria-sort] button::after{content:" ↑"}th[aria-sort=descending] button::after{content:" ↓"}
.notes{margin:.8rem 0 0;padding-inline-start:1.1rem;font-size:.88rem;color:var(--muted);max-width:110ch}
.notes li{margin:.2rem 0}
.chart{margin:0 0 .9rem;padding:.5rem .8rem;overflow-x:auto}
.chart svg{display:block;margin:0 auto}
.chart text{font-size:12.5px;fill:var(--fg)}.chart .axis{fill:var(--muted);font-size:12px}
.chart .own{font-weight:600}.chart .band{fill:var(--muted);font-style:italic}.chart .value{font-size:12px}
.grid{stroke:var(--line);stroke-width:1}.rule{stroke:var(--muted);stroke-width:1;stroke-dasharray:2 3}
.bar{stroke:var(--own);stroke-width:2;fill:none}.dot{fill:var(--own)}
.seed{fill:none;stroke:var(--own);stroke-width:1.2;opacity:.75}
.diamond{fill:var(--card);stroke:var(--other);stroke-width:2}.cross{stroke:var(--other);stroke-width:1.6}
.key{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;padding:0;margin:.6rem 0 0;font-size:.88rem}
.key svg{vertical-align:-3px;margin-inline-end:.35rem}
details{margin-top:.9rem}summary{cursor:pointer;color:var(--link);margin-bottom:.4rem}
@media screen and (max-width:820px){main,header,footer{padding-inline:14px}tbody th{max-width:9.5rem}}
@media screen and (prefers-color-scheme:dark){:root{--bg:#0f1318;--card:#171c23;--fg:#e7ebf0;--muted:#a3aebc;
--line:#2a323d;--soft:#222933;--link:#7db8f5;--own:#6db1ff;--other:#f2a65a}}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
@media print{@page{size:A4 landscape;margin:10mm}
:root{--bg:#fff;--card:#fff;--fg:#000;--muted:#444;--line:#bbb;color-scheme:light}
body{font-size:9pt}main,header,footer{max-width:none;padding:0}nav{display:none}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.scroll,.chart{overflow:visible;border:0}.chart{break-inside:avoid;padding:0}
.chart svg{max-width:100%;height:auto;max-height:170mm}table{font-size:6.6pt}
th,td{padding:.15rem .25rem;white-space:normal}thead th{font-size:6.6pt}.notes,.facts,.key{font-size:8pt}
td.number,th.number{white-space:nowrap}td.some{white-space:normal}
td.wide,td.some,tbody th{min-width:0}tr{break-inside:avoid}h2,h3,.facts{break-after:avoid}tbody th{position:static}
details::details-content{content-visibility:visible;display:block}}
"""

SCRIPT = """
(function(){
function key(row,i){var cell=row.cells[i],v=cell.dataset.v;return v===undefined?cell.textContent:v===''?null:+v}
document.querySelectorAll('table').forEach(function(table){
[].forEach.call(table.tHead.rows[0].cells,function(head,i){
var button=document.createElement('button');button.type='button';button.textContent=head.textContent;
head.textContent='';head.appendChild(button);
button.onclick=function(){
var number=head.classList.contains('number'),was=head.getAttribute('aria-sort');
var down=was?was==='ascending':number,body=table.tBodies[0];
[].forEach.call(table.tHead.rows[0].cells,function(other){other.removeAttribute('aria-sort')});
head.setAttribute('aria-sort',down?'descending':'ascending');
[].slice.call(body.rows).sort(function(a,b){var x=key(a,i),y=key(b,i);
if(x===null||y===null)return (x===null)-(y===null);
var order=typeof x==='number'?x-y:x.localeCompare(y);return down?-order:order
}).forEach(function(row){body.appendChild(row)})}})});
addEventListener('beforeprint',function(){document.querySelectorAll('details').forEach(function(d){d.open=true})});
})();
"""
