// SPDX-License-Identifier: MIT
// The address of a picture: #scenario=…&a=STRATEGY&a-code=CODE&a-step=N&b=…, so that a link shows
// in any browser exactly what it showed here. Codes replay byte for byte.

const SIDES = ['a', 'b'];

/** {scenario, a: {strategy, code, step}, b: …} of the address; what it does not say is null. */
export function readPlace() {
    const parts = new URLSearchParams(location.hash.slice(1));
    const side = (id) => ({ strategy: parts.get(id), code: parts.get(`${id}-code`),
        step: parts.has(`${id}-step`) ? Number(parts.get(`${id}-step`)) : null });
    return { scenario: parts.get('scenario'), a: side('a'), b: side('b') };
}

/** Let the address say what is shown; the way back in the browser's history stays as it is. */
export function writePlace(place) {
    const parts = new URLSearchParams({ scenario: place.scenario });
    for (const id of SIDES) {
        const { strategy, code, step } = place[id];
        parts.set(id, strategy);
        if (code === null) continue;
        parts.set(`${id}-code`, code);
        parts.set(`${id}-step`, step);
    }
    const hash = `#${parts}`;
    if (location.hash !== hash) history.replaceState(null, '', hash);
}
