import {html, render, useEffect, useState} from "./vendor/htm-preact.js";
import {begin, call, follow, setPrefix, useData, useEnded} from "./common.js";
import {MapView} from "./map.js";
import {Traces} from "./traces.js";
import {Functions} from "./functions.js";
import {Failures} from "./failures.js";
import {Alarms} from "./alarms.js";
import {Access} from "./access.js";

const views = [["map", "Map", MapView], ["traces", "Traces", Traces], ["functions", "Functions", Functions],
	["failures", "Failures", Failures], ["alarms", "Alarms", Alarms], ["access", "Access", Access]];

function useRoute() {
	const read = () => location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
	const [route, set] = useState(read());
	useEffect(() => {
		const changed = () => set(read());
		addEventListener("hashchange", changed);
		return () => removeEventListener("hashchange", changed);
	}, []);
	return route;
}

// The digits select views, unless somebody writes.
function onKey(e) {
	if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName)) return;
	const view = views[e.key - 1];
	if (view) location.hash = "#/" + view[0];
}

function App({failure}) {
	const [name, ...rest] = useRoute();
	const [connected, setConnected] = useState(false);
	const ended = useEnded();
	useEffect(() => { follow(setConnected); addEventListener("keydown", onKey); }, []);
	if (failure || ended) {
		return html`<main><div class="card"><h2>Local cloud</h2><p>${failure || "The session has ended."}</p>
			<p>Run <code>make console</code> or <code>localcloud console</code>, and open the link that it prints.</p></div></main>`;
	}
	const [, , View] = views.find(v => v[0] === name) || views[0];
	return html`<${Header} name=${name || "map"} connected=${connected}/><main><${View} rest=${rest}/></main>`;
}

function Header({name, connected}) {
	const [failures] = useData("failures", 5000, true), [alarms] = useData("alarms", 5000, true);
	const counts = {
		failures: (failures || []).reduce((n, q) => n + q.total, 0),
		alarms: (alarms || []).filter(a => a.state === "ALARM").length,
	};
	return html`<header><h1>Local cloud</h1><nav aria-label="Views">${views.map(([id, title], i) => html`
		<a href=${"#/" + id} aria-current=${name === id ? "page" : undefined} title=${"Key " + (i + 1)}>${title}${counts[id] > 0 && html`<span class="badge">${counts[id]}</span>`}</a>`)}</nav>
		<span class="state" role="status">${connected ? "live" : "connecting …"}</span></header>`;
}

let failure = "";
try {
	await begin();
	setPrefix((await call("GET", "map")).prefix);
} catch (e) { failure = e.message; }
render(html`<${App} failure=${failure}/>`, document.getElementById("app"));
