import {html, useEffect, useState} from "./vendor/htm-preact.js";
import {call, clock, Failure, millis, pretty, stem, useData} from "./common.js";

export function Functions({rest}) {
	const [functions, error] = useData("functions");
	const selected = (functions || []).find(f => f.name === rest[0]) || (functions || [])[0];
	return html`<${Failure} error=${error}/><div class="split"><section class="card"><h2>Functions</h2>
		${functions && !functions.length && html`<p class="quiet">No function is deployed.</p>`}
		<ul class="list">${(functions || []).map(f => html`<li key=${f.name}><button aria-current=${f === selected ? "true" : undefined} onClick=${() => { location.hash = "#/functions/" + f.name; }}>
			<div class="row"><strong class="grow cut">${stem(f.name)}</strong>${f.errors.length > 0 && html`<span class="tag bad">${f.errors.length} errors</span>`}</div>
			<div class="quiet">${f.memoryMB} MB, ${f.timeout} s, ${(f.codeBytes / 1048576).toFixed(1)} MiB${f.queued ? `, ${f.queued} queued` : ""}</div></button></li>`)}</ul>
		</section><section>${selected && html`<${View} f=${selected} key=${selected.name}/>`}</section></div>`;
}

function View({f}) {
	return html`<${Invoke} f=${f}/>
		<div class="card"><h2>Versions</h2><table><thead><tr><th>Alias</th><th>Versions</th></tr></thead>
			${f.aliases.map(a => html`<tr><td>${a.name}</td><td>${Object.entries(a.weights).map(([v, w]) => `${v}: ${Math.round(w * 100)}%`).join(", ")}</td></tr>`)}</table>
			<p class="quiet">${f.versions.map(v => `${v.version} (${new Date(v.modified).toLocaleString()})`).join(", ")}</p></div>
		<div class="card"><h2>Last errors</h2>${!f.errors.length && html`<p class="quiet">None since the local cloud started.</p>`}
			${f.errors.map(e => html`<details><summary><span class="quiet">${clock(e.time)}</span> <span class="bad">${e.message}</span> <a href=${"#/traces/" + e.trace}>trace</a></summary>
				${e.stack && html`<pre tabindex="0">${e.stack}</pre>`}${e.log && html`<pre tabindex="0">${e.log}</pre>`}</details>`)}</div>
		<div class="card"><h2>Configuration</h2><table>
			${[["ARN", f.arn], ["Stack", f.stack], ["Runtime", f.runtime], ["Role", f.role], ["Log group", f.logGroup], ["Reserved concurrency", f.concurrency < 0 ? "none" : f.concurrency]].map(([name, value]) =>
				html`<tr><td class="quiet">${name}</td><td class="mono">${value}</td></tr>`)}</table>
			<h3>Environment</h3><table>${Object.entries(f.environment || {}).sort().map(([name, value]) => html`<tr><td class="mono">${name}</td><td class="mono">${value}</td></tr>`)}</table></div>`;
}

// The events that somebody has saved are in the browser.
const saved = name => JSON.parse(localStorage.getItem("events " + name) || "[]");

function Invoke({f}) {
	const [samples, setSamples] = useState([]), [own, setOwn] = useState(saved(stem(f.name)));
	const [text, setText] = useState("{}"), [qualifier, setQualifier] = useState(f.aliases.length ? f.aliases[0].name : "");
	const [state, setState] = useState({});
	useEffect(() => {
		call("GET", `functions/${encodeURIComponent(f.name)}/events`).then(all => { setSamples(all); setText(pretty(all[0].event)); }, e => setState({error: e.message}));
	}, []);
	const all = [...own.map(e => ({...e, name: "saved: " + e.name})), ...samples];
	const run = async async => {
		setState({running: true});
		try { setState({result: await call("POST", `functions/${encodeURIComponent(f.name)}/invocations`, {qualifier, event: text, async})}); } catch (e) { setState({error: e.message}); }
	};
	const save = () => {
		const name = prompt("Name of the event");
		if (!name) return;
		const next = [...own.filter(e => e.name !== name), {name, event: text}];
		localStorage.setItem("events " + stem(f.name), JSON.stringify(next));
		setOwn(next);
	};
	const r = state.result;
	return html`<div class="card"><div class="row"><h2 class="grow">${stem(f.name)}</h2>
			<select aria-label="Event" onChange=${e => setText(pretty(all[e.target.value].event))}>${all.map((e, i) => html`<option value=${i}>${e.name}</option>`)}</select>
			<select aria-label="Version" onChange=${e => setQualifier(e.target.value)}>
				${f.aliases.map(a => html`<option value=${a.name} selected=${qualifier === a.name}>${a.name}</option>`)}<option value="" selected=${qualifier === ""}>$LATEST</option>${f.versions.map(v => html`<option value=${v.version} selected=${qualifier === v.version}>${v.version}</option>`)}</select></div>
		<textarea aria-label="Event as JSON" spellcheck="false" value=${text} onInput=${e => setText(e.target.value)}></textarea>
		<div class="row"><button class="primary" disabled=${state.running} onClick=${() => run(false)}>${state.running ? "Running …" : "Invoke"}</button>
			<button disabled=${state.running} onClick=${() => run(true)}>Queue</button><button onClick=${save}>Save the event</button></div>
		<${Failure} error=${state.error}/>
		${r && html`<h3>${r.payload === undefined ? "Queued" : r.error ? html`<span class="bad">Failed</span>` : "Returned"}${r.payload !== undefined && ` after ${millis(r.took)}`} <a href=${"#/traces/" + r.trace}>trace</a></h3>
			${r.payload !== undefined && html`<pre tabindex="0">${pretty(r.payload)}</pre>`}${r.log && html`<pre tabindex="0">${r.log}</pre>`}`}</div>`;
}
