// SPDX-License-Identifier: MIT
// The signs on the buttons of a player, drawn, since few fonts have all of them.

const SVG = 'http://www.w3.org/2000/svg';

const PATHS = {
    first: 'M3 3h2v10H3zM13 3v10L6 8z',
    back: 'M11 3v10L4 8z',
    play: 'M4 2.5v11L13 8z',
    pause: 'M4 3h3v10H4zM9 3h3v10H9z',
    step: 'M5 3v10l7-5z',
    last: 'M11 3h2v10h-2zM3 3v10l7-5z',
};

export function icon(name) {
    const picture = document.createElementNS(SVG, 'svg');
    const path = document.createElementNS(SVG, 'path');
    picture.setAttribute('viewBox', '0 0 16 16');
    picture.setAttribute('class', 'icon');
    picture.setAttribute('aria-hidden', 'true');
    path.setAttribute('d', PATHS[name]);
    picture.append(path);
    return picture;
}
