// What all parts of the page share: the session, the API, the stream of steps, and small
// components.
import {html, useEffect, useState} from "./vendor/htm-preact.js";

const key = "localcloud-token";
const base = location.pathname + "api/";

// begin exchanges the code in the address for a session, and removes it from the address.
export async function begin() {
	const code = location.hash.slice(1);
	if (!/^[A-Z2-7]{20,}$/.test(code)) return;
	history.replaceState(null, "", location.pathname + "#/map");
	const res = await fetch(base + "session", {method: "POST", body: JSON.stringify({code})});
	if (res.ok) sessionStorage.setItem(key, (await res.json()).token);
	else if (!sessionStorage.getItem(key)) throw new Error(await res.text());
}

function send(method, path, body) {
	return fetch(base + path, {
		method, body: body === undefined ? undefined : JSON.stringify(body),
		headers: {Authorization: "Bearer " + sessionStorage.getItem(key)},
	});
}

// call returns what the API returns, or throws its error.
export async function call(method, path, body) {
	const res = await send(method, path, body);
	if (res.status === 401) {
		ended.forEach(f => f(true));
		throw new Error(await res.text());
	}
	const result = await res.json();
	if (!res.ok) throw new Error(result.error);
	return result;
}

const watchers = new Set(), ended = new Set();

// useEnded reports whether the session has ended.
export function useEnded() {
	const [value, set] = useState(!sessionStorage.getItem(key));
	useEffect(() => { ended.add(set); return () => ended.delete(set); }, []);
	return value;
}

// follow reads the stream of steps, and begins again when the local cloud has restarted.
export async function follow(connected) {
	for (;;) {
		try {
			const res = await send("GET", "steps");
			if (res.status === 401) return ended.forEach(f => f(true));
			connected(true);
			const reader = res.body.pipeThrough(new TextDecoderStream()).getReader();
			for (let rest = "";;) {
				const {value, done} = await reader.read();
				if (done) break;
				const lines = (rest + value).split("\n");
				rest = lines.pop();
				for (const line of lines) {
					const step = JSON.parse(line);
					watchers.forEach(f => f(step));
				}
			}
		} catch { /* the local cloud has stopped */ }
		connected(false);
		await new Promise(done => setTimeout(done, 2000));
	}
}

// useSteps calls f for each step.
export function useSteps(f) {
	useEffect(() => { watchers.add(f); return () => watchers.delete(f); }, []);
}

// useData returns what the API returns for a path, an error, and a function that asks again.
// It asks again after so many milliseconds and, unless it is lazy, a moment after each step.
export function useData(path, every = 0, lazy = false) {
	const [state, set] = useState({});
	const load = async () => {
		try { set({path, data: await call("GET", path)}); } catch (e) { set(old => ({...old, error: e.message})); }
	};
	useEffect(() => {
		let timer = 0;
		const soon = () => { timer ||= setTimeout(() => { timer = 0; load(); }, 400); };
		load();
		if (!lazy) watchers.add(soon);
		const again = every && setInterval(load, every);
		return () => { watchers.delete(soon); clearTimeout(timer); clearInterval(again); };
	}, [path]);
	return [state.path === path ? state.data : undefined, state.error, load];
}

export const Failure = ({error}) => error && html`<div class="message" role="alert">${error}</div>`;

// short returns the last part of an ARN.
export const short = arn => (arn || "").replace(/^arn:.*\/routes\//, "").replace(/^arn:[^:]*:[^:]*:[^:]*:[^:]*:(function:|table\/)?/, "");

let prefix = "";

// setPrefix sets what the names of all functions start with.
export const setPrefix = text => { prefix = text; };

// stem returns a name without what Pulumi appends, and without what all names have in common.
export function stem(name) {
	const plain = name.replace(/-[0-9a-f]{7}(?=$|:)/, "");
	return plain.startsWith(prefix) && plain !== prefix ? plain.slice(prefix.length) : plain;
}

export const millis = n => n >= 10000 ? (n / 1000).toFixed(1) + " s" : n >= 10 ? Math.round(n) + " ms" : n.toFixed(2) + " ms";

export const clock = time => new Date(time).toLocaleTimeString([], {hour12: false});

export function age(time) {
	const s = Math.max(0, (Date.now() - new Date(time)) / 1000);
	if (s < 60) return Math.round(s) + " s";
	if (s < 3600) return Math.round(s / 60) + " min";
	return s < 86400 ? Math.round(s / 3600) + " h" : Math.round(s / 86400) + " d";
}

// pretty indents JSON, and splits a form into lines.
export function pretty(text) {
	if (!text) return "";
	text = text.replace(/A{60,}=*/g, "AAA…"); // signatures of messages to functions and queues
	try { return JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON */ }
	if (/^[\w.]+=[^ \n]*&[\w.]+=\S*$/.test(text)) {
		return [...new URLSearchParams(text)].map(([name, value]) => name + ": " + value).join("\n");
	}
	const [first, ...rest] = text.split("\n");
	if (rest.length) {
		try { return first + "\n" + JSON.stringify(JSON.parse(rest.join("\n")), null, 2); } catch { /* not JSON */ }
	}
	return text;
}

export const Text = ({title, text}) => text && html`<h3>${title}</h3><pre tabindex="0">${pretty(text)}</pre>`;

// Decision is one permission decision, with the statement that made it.
export const Decision = ({d}) => html`<tr>
	<td><span class=${"tag " + (d.allowed ? "good" : "bad")}>${d.allowed ? "allowed" : "refused"}</span></td>
	<td class="mono">${d.action}<br/><span class="quiet">${short(d.resource)}</span></td>
	<td>${(d.reasons || []).map(r => html`<div>statement ${r.statement}${r.sid && " (" + r.sid + ")"} of the ${r.policy}</div>`)}
		${!d.allowed && html`<div class="bad">${d.message}</div><${Missing} d=${d}/>`}</td></tr>`;

export const Missing = ({d}) => d.missing
	? html`<div>This statement in ${d.where} would allow it:</div><pre tabindex="0">${pretty(d.missing)}</pre>`
	: html`<div>${d.where}</div>`;
