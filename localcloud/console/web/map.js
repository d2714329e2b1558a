import {html, useEffect, useMemo, useRef, useState} from "./vendor/htm-preact.js";
import dagre from "./vendor/dagre.js";
import {call, clock, Failure, pretty, setPrefix, Text, useData, useSteps} from "./common.js";

const width = 150, height = 42;
const quiet = matchMedia("(prefers-reduced-motion: reduce)");

// layout places the nodes and the edges. It depends on what exists, and not on what moves.
function layout(nodes, edges) {
	const g = new dagre.graphlib.Graph();
	g.setGraph({rankdir: "LR", nodesep: 16, ranksep: 42, marginx: 16, marginy: 16});
	g.setDefaultEdgeLabel(() => ({}));
	for (const n of nodes) g.setNode(n.id, {width, height});
	for (const e of edges) g.setEdge(e.from, e.to, {width: 24, height: 14, weight: e.kind === "failure" ? 1 : 3});
	dagre.layout(g);
	return g;
}

function curve(points) {
	let d = `M${points[0].x},${points[0].y}`;
	for (let i = 1; i < points.length - 1; i++) {
		const a = points[i], b = points[i + 1];
		d += `Q${a.x},${a.y} ${(a.x + b.x) / 2},${(a.y + b.y) / 2}`;
	}
	const last = points[points.length - 1];
	return d + `L${last.x},${last.y}`;
}

const id = e => e.from + " → " + e.to;

export function MapView() {
	const [graph, error] = useData("map", 5000);
	const [all, setAll] = useState(false);
	const [selected, select] = useState(null);
	const [failed, setFailed] = useState({}); // edges whose last step failed
	const svg = useRef();
	useSteps(step => {
		if (!step.from) return; // a run that has been counted as a delivery
		const edge = step.from + " → " + step.to;
		setFailed(old => !!old[edge] === !!step.error ? old : {...old, [edge]: !!step.error});
		if (svg.current && !quiet.matches) move(svg.current, edge, !!step.error);
	});
	useEffect(() => {
		const onKey = e => e.key === "Escape" && select(null);
		addEventListener("keydown", onKey);
		return () => removeEventListener("keydown", onKey);
	}, []);
	if (!graph) return html`<${Failure} error=${error}/>`;
	setPrefix(graph.prefix);
	const shown = graph.nodes.filter(n => all || !n.failures || n.waiting > 0);
	const ids = new Set(shown.map(n => n.id));
	const edges = graph.edges.filter(e => ids.has(e.from) && ids.has(e.to) && (e.kind !== "seen" || e.count > 0));
	return html`<${Failure} error=${error}/>
		<div class=${selected ? "split wide" : ""}>
			<section><div class="row" style="margin-bottom:8px"><span class="quiet">${shown.length} resources; numbers count what has moved since the start</span>
				<label class="right"><input type="checkbox" checked=${all} onChange=${e => setAll(e.target.checked)}/> empty failure queues</label></div>
				<${Drawing} svg=${svg} nodes=${shown} edges=${edges} failed=${failed} selected=${selected} select=${select}/></section>
			${selected && html`<${Resource} node=${graph.nodes.find(n => n.id === selected)} close=${() => select(null)}/>`}
		</div>`;
}

function Drawing({svg, nodes, edges, failed, selected, select}) {
	const shape = nodes.map(n => n.id).join() + edges.map(id).join();
	const g = useMemo(() => layout(nodes, edges), [shape]);
	const size = g.graph();
	return html`<div class="card map"><svg ref=${svg} style=${`max-width:${size.width}px;min-width:${Math.round(size.width * 0.5)}px`} viewBox=${`0 0 ${size.width} ${size.height}`} role="group" aria-label="Map of the stack">
		<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,1 7,4 0,7" fill="none" stroke="currentColor"/></marker></defs>
		${edges.map(e => html`<${Edge} key=${id(e)} e=${e} points=${g.edge(e.from, e.to).points} failed=${failed[id(e)] ?? (e.failed > 0 && e.failed === e.count)}/>`)}
		${nodes.map(n => html`<${Node} key=${n.id} n=${n} at=${g.node(n.id)} pressed=${selected === n.id} select=${select}/>`)}
	</svg></div>`;
}

function Edge({e, points, failed}) {
	const middle = points[Math.floor(points.length / 2)];
	const count = e.failed > 0 ? `${e.count} (${e.failed} failed)` : e.count || "";
	return html`<g class=${`edge ${e.kind} ${e.count ? "moved" : ""} ${failed ? "failed" : ""}`} data-edge=${id(e)}>
		<title>${e.kind === "granted" ? "may " : ""}${e.label}</title>
		<path d=${curve(points)} marker-end="url(#arrow)"/><text x=${middle.x} y=${middle.y - 3} text-anchor="middle">${count}</text></g>`;
}

function Node({n, at, pressed, select}) {
	const choose = () => n.id !== "client" && select(n.id);
	const kind = n.failures ? "failure queue" : n.kind;
	const error = n.error || (n.failures && n.waiting > 0 && `${n.waiting} messages`);
	return html`<g class=${"node" + (error ? " error" : "")} transform=${`translate(${at.x - width / 2},${at.y - height / 2})`} tabindex="0" role="button"
		aria-pressed=${pressed} aria-label=${`${kind} ${n.label}${error ? ", " + error : ""}`} data-node=${n.label} onClick=${choose}
		onKeyDown=${e => (e.key === "Enter" || e.key === " ") && (e.preventDefault(), choose())}>
		<title>${n.name}${error ? "\n" + error : ""}</title>
		<rect class="box" width=${width} height=${height} rx="5"/><rect class=${"stripe kind-" + n.kind} width="5" height=${height} rx="2"/>
		<text x="13" y="18">${n.label.length > 20 ? n.label.slice(0, 18) + "…" : n.label}</text>
		<text class="kind" x="13" y="33">${kind}${n.waiting ? ` · ${n.waiting} waiting` : ""}${n.detail && n.kind === "schedule" ? " · " + n.detail : ""}</text></g>`;
}

// move moves a dot along an edge.
function move(svg, edge, failed) {
	const path = svg.querySelector(`[data-edge="${CSS.escape(edge)}"] path`);
	if (!path || svg.querySelectorAll(".dot").length > 60) return;
	const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
	dot.setAttribute("class", "dot" + (failed ? " failed" : ""));
	dot.setAttribute("r", 5);
	svg.append(dot);
	const start = performance.now(), length = path.getTotalLength(), took = 700;
	requestAnimationFrame(function step(now) {
		const part = Math.min(1, Math.max(0, (now - start) / took));
		const p = path.getPointAtLength(length * part);
		dot.setAttribute("cx", p.x);
		dot.setAttribute("cy", p.y);
		if (part < 1 && path.isConnected) requestAnimationFrame(step); else dot.remove();
	});
}

function Resource({node, close}) {
	const [view, set] = useState({});
	useEffect(() => {
		let gone = false;
		call("GET", "resource?id=" + encodeURIComponent(node.id)).then(data => gone || set({data}), e => gone || set({error: e.message}));
		return () => { gone = true; };
	}, [node.id]);
	const r = view.data;
	return html`<aside class="card" aria-label=${node.label}><div class="row"><h2 class="grow cut">${node.label}</h2><button onClick=${close}>Close</button></div>
		<div class="quiet mono">${node.id}</div><${Failure} error=${view.error || node.error}/>
		${r && r.grants && html`<h3>Permissions of its role</h3><table>${r.grants.map(g => html`<tr><td class="mono">${g.action}<br/><span class="quiet">${g.resource}</span></td>
			<td class=${"nowrap " + (g.uses ? "" : "warn")}>${g.uses ? g.uses + " ×" : "unused"}</td></tr>`)}</table>`}
		${r && r.logs && html`<h3>Log of the last hour</h3><pre tabindex="0">${r.logs.map(l => clock(l.time) + "  " + l.message).join("\n")}</pre>`}
		${r && html`<h3>Configuration</h3><pre tabindex="0">${pretty(JSON.stringify(r.configuration))}</pre>`}
		${r && html`<${Text} title="Resource policy" text=${r.policy}/>`}</aside>`;
}
