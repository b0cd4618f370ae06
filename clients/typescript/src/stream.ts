// SPDX-License-Identifier: MIT
// Server-Sent Events out of bytes, however they are cut.

export interface StreamEvent {
    type: string;
    data: string;
}

export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let text = '';
    let event: StreamEvent = { type: 'message', data: '' };
    for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        text += decoder.decode(value, { stream: true });
        const lines = text.split(/\r?\n/);
        text = lines.pop() ?? '';
        for (const line of lines) {
            const [, name, content] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
            if (name === 'event') event.type = content ?? '';
            else if (name === 'data') event.data += content ?? '';
            else if (line === '') {
                // An empty line ends an event.
                if (event.data) yield event;
                event = { type: 'message', data: '' };
            }
        }
    }
}
