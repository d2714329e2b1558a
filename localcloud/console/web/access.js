import {html, useState} from "./vendor/htm-preact.js";
import {clock, Failure, Missing, stem, useData} from "./common.js";

export function Access() {
	const [access, error] = useData("access");
	const [unused, setUnused] = useState(false);
	if (!access) return html`<${Failure} error=${error}/>`;
	return html`<${Failure} error=${error}/>
		<div class="card"><h2>Refused</h2>${!access.refusals.length && html`<p class="quiet">Nothing was refused since the local cloud started.</p>`}
			${access.refusals.map(d => html`<details><summary><span class="quiet">${clock(d.time)}</span> <span class="bad">${d.message}</span></summary><${Missing} d=${d}/></details>`)}</div>
		<label><input type="checkbox" checked=${unused} onChange=${e => setUnused(e.target.checked)}/> only what has never been used</label>
		${access.roles.map(r => html`<${Role} key=${r.role} r=${r} unused=${unused}/>`)}`;
}

function Role({r, unused}) {
	const never = r.grants.filter(g => !g.uses), shown = unused ? never : r.grants;
	if (!shown.length) return null;
	return html`<div class="card" style="margin-top:12px"><h2>${stem(r.role)} <span class="quiet">${r.grants.length - never.length} of ${r.grants.length} grants used</span></h2>
		<table><thead><tr><th>Action</th><th>Resource</th><th>Policy</th><th>Used</th></tr></thead>
		${shown.map(g => html`<tr><td class="mono">${g.action}</td><td class="mono">${g.resource}</td><td class="quiet">${g.sid || stem(g.policy)}</td>
			<td class=${"nowrap " + (g.uses ? "" : "warn")}>${g.uses ? `${g.uses} ×, last ${clock(g.last)}` : "never"}</td></tr>`)}</table></div>`;
}
