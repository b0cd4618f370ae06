// SPDX-License-Identifier: MIT
// A bad network: a TCP relay whose connections can all be cut together.

import net from 'node:net';

export async function relay(target) {
    const { protocol, hostname, port } = new URL(target);
    const open = new Set();
    const server = net.createServer((near) => {
        const far = net.connect(port, hostname);
        for (const [one, other] of [[near, far], [far, near]]) {
            open.add(one);
            one.pipe(other);
            one.on('error', () => other.destroy());
            one.on('close', () => {
                open.delete(one);
                other.destroy();
            });
        }
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
        url: `${protocol}//127.0.0.1:${server.address().port}`,
        cut: () => open.forEach((socket) => socket.destroy()),
        close: () => {
            open.forEach((socket) => socket.destroy());
            server.close();
        },
    };
}
