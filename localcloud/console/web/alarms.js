import {html, useEffect, useRef} from "./vendor/htm-preact.js";
import {age, clock, Failure, stem, useData} from "./common.js";

const colors = ["#2f6fdb", "#d2762a", "#1f9e5a", "#d03a7a", "#8957e5", "#1a8a8a", "#b8860b", "#7d8590"];
const tone = {ALARM: "bad", OK: "good", INSUFFICIENT_DATA: "quiet"};

export function Alarms() {
	const [alarms, error] = useData("alarms", 3000);
	const [dashboards, other] = useData("dashboards", 10000);
	return html`<${Failure} error=${error || other}/><div class="split"><section class="card"><h2>Alarms</h2>
		<p class="quiet">A minute of an alarm is a second here, unless the time scale says otherwise.</p>
		${(alarms || []).map(a => html`<details key=${a.name} open=${a.state === "ALARM"}><summary class="row"><span class=${"tag " + tone[a.state]}>${a.state.replace("_", " ")}</span>
			<span class="grow cut">${stem(a.name)}</span><span class="quiet">${age(a.since)}</span></summary>
			<p>${a.condition}. <span class="quiet">${a.reason}</span></p>
			<table>${a.history.map(h => html`<tr><td class="quiet nowrap">${clock(h.Time)}</td><td>${h.Summary}</td></tr>`)}</table></details>`)}
		</section><section>${(dashboards || []).map(d => html`<div key=${d.name}><h2>Dashboard ${d.name}</h2><div class="charts">${d.widgets.map((w, i) => html`<${Chart} key=${i} w=${w}/>`)}</div></div>`)}
		${dashboards && !dashboards.length && html`<div class="card quiet">The program creates no dashboard.</div>`}</section></div>`;
}

function Chart({w}) {
	const box = useRef();
	const series = w.series.filter(s => s.times.length);
	const state = JSON.stringify(series);
	useEffect(() => {
		if (!series.length) return;
		const times = [...new Set(series.flatMap(s => s.times))].sort((a, b) => a - b);
		const rows = series.map(s => { const at = new Map(s.times.map((t, i) => [t, s.values[i]])); return times.map(t => at.get(t) ?? null); });
		const axis = {stroke: getComputedStyle(box.current).color, grid: {stroke: "#8884", width: 1}, ticks: {stroke: "#8884"}};
		const now = Date.now() / 1000;
		const plot = new uPlot({
			width: box.current.clientWidth, height: 170, axes: [{...axis, values: (u, times) => times.map(t => clock(t * 1000).slice(0, 5))}, {...axis, size: 48}], cursor: {drag: {setScale: false}}, legend: {live: false},
			scales: {x: {range: [now - 3600, now]}, y: {range: (u, low, high) => [Math.min(0, low ?? 0), Math.max(1, high ?? 1)]}},
			series: [{}, ...series.map((s, i) => ({label: s.label.split(" ").map(stem).join(" "), stroke: colors[i % colors.length], width: 1.5, points: {show: true, size: 5, fill: colors[i % colors.length]}}))],
		}, [times, ...rows], box.current);
		return () => plot.destroy();
	}, [state]);
	return html`<div class="card"><h3 style="margin-top:0">${w.title}</h3><div ref=${box}></div>
		${!series.length && html`<p class="quiet">No data yet.</p>`}${(w.omitted || []).map(o => html`<p class="warn">${o}</p>`)}</div>`;
}
