import {html, useState} from "./vendor/htm-preact.js";
import {clock, Decision, Failure, millis, short, stem, Text, useData} from "./common.js";

export function Traces({rest}) {
	const [traces, error] = useData("traces");
	const [words, setWords] = useState("");
	const shown = (traces || []).filter(t => (t.name + t.id + (t.error || "")).toLowerCase().includes(words.toLowerCase()));
	const selected = rest[0] || (shown[0] && shown[0].id);
	return html`<${Failure} error=${error}/><div class="split"><section class="card">
		<div class="row"><h2 class="grow">Traces</h2><input type="search" placeholder="Filter" aria-label="Filter" value=${words} onInput=${e => setWords(e.target.value)}/></div>
		${traces && !traces.length && html`<p class="quiet">Nothing has happened yet. Send a request or a message.</p>`}
		<ul class="list">${shown.map(t => html`<li key=${t.id}><button aria-current=${t.id === selected ? "true" : undefined} onClick=${() => { location.hash = "#/traces/" + t.id; }}>
			<div class="row"><strong class="grow cut">${t.name.replace(":", " ")}${t.to && " → " + stem(short(t.to))}</strong>${t.failed > 0 && html`<span class="tag bad">${t.failed} failed</span>`}<span class="quiet">${clock(t.start)}</span></div>
			<div class="row quiet"><span>${t.steps} steps</span><span>${millis(t.took)}</span><span class="grow cut bad">${t.error}</span></div></button></li>`)}</ul>
		</section><section>${selected && html`<${Trace} id=${selected} key=${selected}/>`}</section></div>`;
}

// depths returns how deep each step is: one deeper than the latest one that reached where it
// comes from.
function depths(steps) {
	const reached = {};
	return steps.map(s => {
		const source = s.kind === "run" && !s.from ? reached[s.to] : reached[s.from];
		const depth = source === undefined ? 0 : source + 1;
		reached[s.to] = depth;
		return Math.min(depth, 8);
	});
}

function Trace({id}) {
	const [trace, error] = useData("traces/" + encodeURIComponent(id));
	const [open, setOpen] = useState({});
	if (!trace) return html`<${Failure} error=${error}/>`;
	const steps = trace.steps, start = new Date(steps[0].start).getTime();
	const at = s => fine(s.start) - fine(steps[0].start);
	const total = Math.max(1, ...steps.map(s => at(s) + s.took));
	const depth = depths(steps);
	return html`<div class="card"><div class="row"><h2 class="grow">${steps[0].name}</h2><span class="quiet">${clock(start)}, ${millis(total)}</span></div>
		<div class="quiet mono">${trace.id}</div>
		<div class="fall" style="margin-top:8px">${steps.map((s, i) => html`
			<button aria-expanded=${!!open[i]} onClick=${() => setOpen({...open, [i]: !open[i]})}>
				<span class="cut" style=${`padding-left:${6 + depth[i] * 14}px`}>${title(s)}
					${s.attempt > 1 && html` <span class="tag warn">attempt ${s.attempt}</span>`}${s.cold > 0 && html` <span class="tag">cold</span>`}${s.error && html` <span class="tag bad">failed</span>`}</span>
				<span class="track"><${Bar} s=${s} at=${at(s)} total=${total}/></span><span class="time">${millis(s.took)}</span></button>
			${open[i] && html`<div class="detail"><${Step} s=${s}/></div>`}`)}</div></div>`;
}

// fine returns a time in milliseconds with its fraction, which Date drops.
function fine(time) {
	const fraction = /\.(\d+)/.exec(time);
	return Math.floor(new Date(time).getTime() / 1000) * 1000 + (fraction ? Number("0." + fraction[1]) * 1000 : 0);
}

const title = s => ({
	run: () => stem(s.name), call: () => s.name.replace(":", " "), delivery: () => s.name, schedule: () => "schedule " + short(s.from),
}[s.kind] || (() => s.name))() + (s.kind === "run" || s.kind === "request" || !s.to ? "" : " → " + stem(short(s.to)));

function Bar({s, at, total}) {
	const left = 100 * at / total, width = 100 * s.took / total, cold = Math.min(left, 100 * s.cold / total || 0);
	return html`${cold > 0 && html`<span class="bar cold" style=${`left:${left - cold}%;width:${cold}%`}></span>`}
		<span class=${"bar kind-" + s.kind + (s.error ? " failed" : "")} style=${`left:${left}%;width:${width}%`}></span>`;
}

const Step = ({s}) => html`
	<div class="quiet">${s.from && s.from !== "client" && short(s.from) + " → "}${short(s.to)}${s.request && html`, request <span class="mono">${s.request}</span>`}${s.cold > 0 && `, cold start ${millis(s.cold)}`}</div>
	${s.error && html`<div class="message">${s.error}</div>`}
	${s.decisions && html`<h3>Permissions</h3><table>${s.decisions.map(d => html`<${Decision} d=${d}/>`)}</table>`}
	<${Text} title="Input" text=${s.input}/><${Text} title="Output" text=${s.output}/>
	${s.log && html`<h3>Log</h3><pre tabindex="0">${s.log}</pre>`}`;
