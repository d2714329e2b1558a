import {html, useState} from "./vendor/htm-preact.js";
import {age, call, Failure, pretty, stem, useData} from "./common.js";

export function Failures() {
	const [queues, error, load] = useData("failures", 3000);
	if (!queues) return html`<${Failure} error=${error}/>`;
	const full = queues.filter(q => q.total > 0), empty = queues.filter(q => q.total === 0);
	return html`<${Failure} error=${error}/>
		${!full.length && html`<div class="card"><h2>No failures</h2><p class="quiet">Every failure queue is empty.</p></div>`}
		${full.map(q => html`<${Queue} key=${q.name} q=${q} load=${load}/>`)}
		${empty.length > 0 && html`<p class="quiet">Empty: ${empty.map(q => stem(q.name)).join(", ")}</p>`}`;
}

function Queue({q, load}) {
	const [state, set] = useState({});
	const all = async () => {
		set({running: true});
		try {
			const r = await call("POST", `failures/${encodeURIComponent(q.name)}/runs`, {});
			set({done: `${r.succeeded} succeeded, ${r.failed.length} failed again`, error: r.failed.join("\n")});
		} catch (e) { set({error: e.message}); }
		load();
	};
	return html`<div class="card"><div class="row"><h2 class="grow">${stem(q.name)} <span class="quiet">${q.total} messages</span></h2>
			<button disabled=${state.running || !q.messages.some(m => m.function)} onClick=${all}>${state.running ? "Running …" : "Run all again"}</button></div>
		<${Failure} error=${state.error}/>${state.done && html`<p role="status">${state.done}</p>`}
		${q.messages.map(m => html`<${Message} key=${m.number} q=${q} m=${m} load=${load}/>`)}
		${q.total > q.messages.length && html`<p class="quiet">The oldest ${q.messages.length} are listed.</p>`}</div>`;
}

function Message({q, m, load}) {
	const [text, setText] = useState(null), [state, set] = useState({});
	const path = `failures/${encodeURIComponent(q.name)}/${m.number}`;
	const act = async (name, f) => {
		set({running: name});
		try { const r = await f(); set({error: r.failed && r.failed.join("\n")}); } catch (e) { set({error: e.message}); }
		load();
	};
	const run = () => act("run", () => call("POST", path + "/runs", text === null ? {} : {payload: text}));
	const remove = () => confirm("Delete the message?") && act("delete", () => call("DELETE", path));
	return html`<div style="border-top:1px solid var(--line);padding:8px 0"><div class="row">
			<span class="tag bad">${m.condition}</span><span class="grow">${m.reason}${m.undecoded && html`<span class="quiet">${m.undecoded}</span>`}</span>
			<span class="quiet">${age(m.sent)} old${m.attempts ? `, ${m.attempts} attempts` : ""}${m.hidden ? ", in flight" : ""}</span></div>
		${text === null ? html`<pre tabindex="0">${pretty(m.payload)}</pre>` : html`<textarea aria-label="Payload" spellcheck="false" value=${text} onInput=${e => setText(e.target.value)}></textarea>`}
		<${Failure} error=${state.error}/>
		<div class="row"><button class="primary" disabled=${!m.function || !!state.running} onClick=${run}>${state.running === "run" ? "Running …" : "Run again"}</button>
			${m.function && html`<button onClick=${() => setText(text === null ? m.payload : null)}>${text === null ? "Edit" : "Discard the edit"}</button>`}
			<button disabled=${!!state.running} onClick=${remove}>Delete</button>
			${m.function ? html`<span class="quiet">by ${stem(m.function.replace(/.*:function:/, ""))}</span>` : html`<span class="quiet">no function can run it</span>`}
			${m.trace && html`<a class="right" href=${"#/traces/" + m.trace}>trace</a>`}</div></div>`;
}
